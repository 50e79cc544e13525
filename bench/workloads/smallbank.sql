-- SmallBank (Alomari, Cahill, Fekete and Röhm 2008): nine of ten transactions are about the hot customers.
\set hot random(1, 10)
\if :hot > 1
\set a random(1, :rows)
\set b 1 + (:a + random(0, :rows - 2)) % :rows
\else
\set a random(1, 18000)
\set b 1 + (:a + random(0, 17998)) % 18000
\endif
\set v random(1, 50)
\set what random(1, 5)
begin;
\if :what = 1
-- Balance
select s.bal + c.bal as total from savings s, checking c where s.cust = :a and c.cust = :a;
\elif :what = 2
-- DepositChecking
update checking set bal = bal + :v where cust = :a;
\elif :what = 3
-- TransactSavings
select bal as saved from savings where cust = :a \gset
\if :saved >= :v
update savings set bal = bal - :v where cust = :a;
\else
update savings set bal = bal + 100 * :v where cust = :a;
\endif
\elif :what = 4
-- Amalgamate
select s.bal + c.bal as total from savings s, checking c where s.cust = :a and c.cust = :a \gset
update savings set bal = 0 where cust = :a;
update checking set bal = 0 where cust = :a;
update checking set bal = bal + :total where cust = :b;
\else
-- WriteCheck
select s.bal + c.bal as total from savings s, checking c where s.cust = :a and c.cust = :a \gset
\if :total < :v
update checking set bal = bal - :v - 1 where cust = :a;
\else
update checking set bal = bal - :v where cust = :a;
\endif
\endif
commit;
