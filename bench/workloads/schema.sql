-- The tables of SIBENCH, with :rows rows, and of SmallBank, with 18,000 customers.
drop table if exists sibench, savings, checking;
create table sibench (id int primary key, value int not null);
insert into sibench select i, i from generate_series(1, :rows) i;
create table savings (cust int primary key, bal int not null);
create table checking (cust int primary key, bal int not null);
insert into savings select i, 10000 from generate_series(1, 18000) i;
insert into checking select i, 1000 from generate_series(1, 18000) i;
analyze sibench;
analyze savings;
analyze checking;
