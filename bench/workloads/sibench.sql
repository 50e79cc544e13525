-- SIBENCH (Cahill 2009): half of the transactions look for the least value, half add to one.
\set id random(1, :rows)
\set query random(0, 1)
\if :query
select id from sibench order by value limit 1;
\else
update sibench set value = value + 1 where id = :id;
\endif
