-- What is too long for an index is refused by the statement. The texts do not repeat
-- themselves: PostgreSQL compresses those that do, and minisql does not.
\set VERBOSITY terse
create view random as select string_agg(md5(g::text), '' order by g) as text from generate_series(1, 300) g;

create table t (id int primary key, a text, b bytea);
create index t_a on t (a);
create unique index t_b on t (b);
insert into t select 1, left(text, 2692) from random;
insert into t select 2, left(text, 2693) from random;
insert into t select 3, left(text, 6000) from random;
insert into t select 4, left(text, 9000) from random;
insert into t select 5, 'x', decode(left(text, 2 * 2692), 'hex') from random;
insert into t select 6, 'x', decode(left(text, 2 * 2693), 'hex') from random;
update t set a = a || 'y' where id = 1;
update t set id = -id, b = null;
\set VERBOSITY sqlstate
insert into t select 3, left(text, 6000) from random;
insert into t select 4, left(text, 9000) from random;
\set VERBOSITY terse
select id, length(a), length(b) from t order by id;

-- A primary key, and what is done with a row in its way.
create table p (k text primary key, v int);
insert into p select left(text, 2692), 1 from random;
insert into p select left(text, 2700), 1 from random;
insert into p select left(text, 2692), 2 from random on conflict (k) do update set v = p.v + 1;
insert into p select left(text, 2700), 2 from random on conflict (k) do update set v = p.v + 1;
insert into p select left(text, 2700), 2 from random on conflict do nothing;
update p set k = k || 'longer than it may be';
select length(k), v from p;
select count(*) from p, random where k = text or k > text or k = left(text, 2692);

-- An index on rows that are there.
create table u (k text, n int, l text[]);
insert into u select left(text, 6000), null, array[left(text, 1000), null, right(text, 2000)] from random;
create index u_k on u (k);
create index u_n_k on u (n, k);
create unique index u_low on u (lower(k));
create index u_l on u (l);
alter table u add unique (k);
alter table u add primary key (k);
create index u_md5 on u (md5(k));
create index u_part on u (k) where n > 0;
update u set n = 1;
select count(*) from u where md5(k) = (select md5(left(text, 6000)) from random);

-- A transaction is in its place for it, not at its end.
begin;
insert into p values ('short', 1);
savepoint s;
insert into p select left(text, 2700), 1 from random;
rollback to s;
insert into p values ('shorter', 1);
commit;
select left(k, 10), v from p order by k;

-- What refers to a key that cannot be there.
create table r (k text references p);
insert into r select left(text, 5000) from random;
insert into r values ('short');
copy p from stdin;
copied	1
\.
table r;
