-- CHECK constraints and defaults as PostgreSQL writes them, exactly and pretty.
\pset format unaligned
\pset tuples_only on
\set QUIET on
create schema texts;
create table texts.t (i int, l bigint, s smallint, n numeric(10,2), f float8, r real, t text, v varchar(20), c char(5), b boolean, d date, ts timestamp, tz timestamptz, iv interval, a int[], j json, u uuid, by bytea);
alter table texts.t add constraint k001 check (i + 1 > 0);
alter table texts.t add constraint k002 check (i - -1 = 2);
alter table texts.t add constraint k003 check (i = -1 or n < -1.5);
alter table texts.t add constraint k004 check (i * (i + 1) / 2 - 3 % 2 > 0);
alter table texts.t add constraint k005 check (not (i > 0));
alter table texts.t add constraint k006 check (not b);
alter table texts.t add constraint k007 check (b and not b or b is true);
alter table texts.t add constraint k008 check (n > 0 and n < 100.50);
alter table texts.t add constraint k009 check (n >= 10 and n::int < 5);
alter table texts.t add constraint k010 check (v <> '' and length(v) > 2);
alter table texts.t add constraint k011 check (v in ('a', 'b', 'c'));
alter table texts.t add constraint k012 check (v not in ('a', 'b'));
alter table texts.t add constraint k013 check (v = 'x');
alter table texts.t add constraint k014 check (t = v);
alter table texts.t add constraint k015 check (t || v = 'ab');
alter table texts.t add constraint k016 check (c = 'x' or c in ('a','b'));
alter table texts.t add constraint k017 check (t like 'a%' and t not like '%b' and v like 'z_');
alter table texts.t add constraint k018 check (t ~ '^[a-z]+$');
alter table texts.t add constraint k019 check (t ilike '%x%' escape '\');
alter table texts.t add constraint k020 check (t similar to '(a|b)%');
alter table texts.t add constraint k021 check (upper(v) = v);
alter table texts.t add constraint k022 check (coalesce(t, v, 'z') <> '');
alter table texts.t add constraint k023 check (nullif(i, 0) is not null);
alter table texts.t add constraint k024 check (greatest(i, 1, s) > least(l, 2));
alter table texts.t add constraint k025 check (f > 1 and f < 1e10 and r > 0.5);
alter table texts.t add constraint k026 check (i between 1 and 10);
alter table texts.t add constraint k027 check (i not between 1 and 10);
alter table texts.t add constraint k028 check (d > '2020-01-01' and d <= date '2030-01-01');
alter table texts.t add constraint k029 check (ts > '2020-01-01 00:00' and tz < '2030-01-01 00:00+00');
alter table texts.t add constraint k030 check (ts < now()::timestamp);
alter table texts.t add constraint k031 check (tz > current_timestamp - interval '1 day');
alter table texts.t add constraint k032 check (iv > '1 day' and iv < interval '1 year 2 mons');
alter table texts.t add constraint k033 check (extract(year from d) > 2000);
alter table texts.t add constraint k034 check (date_part('year', ts) > 2000);
alter table texts.t add constraint k035 check (date_trunc('day', tz) = tz);
alter table texts.t add constraint k036 check ((d + 1) > d);
alter table texts.t add constraint k037 check ((ts at time zone 'UTC') > tz);
alter table texts.t add constraint k038 check (a[1] > 0 and array_length(a, 1) = 3);
alter table texts.t add constraint k039 check (i = any (a));
alter table texts.t add constraint k040 check (5 = all (a));
alter table texts.t add constraint k041 check (a = array[1,2,3]);
alter table texts.t add constraint k042 check (a @> array[1]);
alter table texts.t add constraint k043 check (a is null or cardinality(a) > 0);
alter table texts.t add constraint k044 check (i in (1, 2, 3));
alter table texts.t add constraint k045 check (l in (1, 2));
alter table texts.t add constraint k046 check (s in (1,2));
alter table texts.t add constraint k047 check (n in (1, 2.5));
alter table texts.t add constraint k048 check (i = 1 and l = 1 and s = 1 and n = 1 and f = 1);
alter table texts.t add constraint k049 check (l > 10000000000);
alter table texts.t add constraint k050 check (i::text = '1');
alter table texts.t add constraint k051 check (i::bigint = l);
alter table texts.t add constraint k052 check (n::numeric(5,1) = n);
alter table texts.t add constraint k053 check (t::varchar(10) = v);
alter table texts.t add constraint k054 check (v::text = t);
alter table texts.t add constraint k055 check (cast(t as int) = i);
alter table texts.t add constraint k056 check (case when i > 0 then 'pos' when i < 0 then 'neg' else 'zero' end <> 'neg');
alter table texts.t add constraint k057 check (case i when 1 then true when 2 then false end);
alter table texts.t add constraint k058 check (case when b then 1 else n end > 0);
alter table texts.t add constraint k059 check ((i is null) = (l is null));
alter table texts.t add constraint k060 check (i is distinct from l);
alter table texts.t add constraint k061 check (i is not distinct from 5);
alter table texts.t add constraint k062 check (b is unknown or b is not true);
alter table texts.t add constraint k063 check (row(i, l) = row(1, 2));
alter table texts.t add constraint k064 check ((i, l) < (1, 2));
alter table texts.t add constraint k065 check ((i, t) in ((1, 'a'), (2, 'b')));
alter table texts.t add constraint k066 check (substring(t from 2 for 3) = 'x');
alter table texts.t add constraint k067 check (substring(t, 2) = 'x');
alter table texts.t add constraint k068 check (substring(t from 'a.c') = 'x');
alter table texts.t add constraint k069 check (position('a' in t) > 0);
alter table texts.t add constraint k070 check (trim(t) = t and trim(leading 'x' from t) = t and rtrim(v) = v);
alter table texts.t add constraint k071 check (overlay(t placing 'zz' from 1 for 2) = t);
alter table texts.t add constraint k072 check (char_length(v) < 10 and octet_length(t) < 100);
alter table texts.t add constraint k073 check (round(n, 2) = n and trunc(n) = floor(n));
alter table texts.t add constraint k074 check (abs(i) < 10 and sign(n) > 0);
alter table texts.t add constraint k075 check (mod(i, 2) = 0 or i % 2 = 1);
alter table texts.t add constraint k076 check (power(n, 2) > 0 and n ^ 2 > 0 and sqrt(f) > 0);
alter table texts.t add constraint k077 check (- i < 0 and + i > 0 and ~ i <> 0 and @ n > 0);
alter table texts.t add constraint k078 check (i & 1 = 0 and i | 2 > 0 and i # 3 > 0 and i << 1 > 0);
alter table texts.t add constraint k079 check (t > 'a' collate "C");
alter table texts.t add constraint k080 check (j ->> 'a' = 'x');
alter table texts.t add constraint k081 check ((j -> 'a' ->> 'b')::int > 0);
alter table texts.t add constraint k082 check (u <> '00000000-0000-0000-0000-000000000000');
alter table texts.t add constraint k083 check (by <> '\x00');
alter table texts.t add constraint k084 check (by = 'abc'::bytea);
alter table texts.t add constraint k085 check (t = E'a\nb');
alter table texts.t add constraint k086 check (t = 'it''s');
alter table texts.t add constraint k087 check (t = 'back\slash');
alter table texts.t add constraint k088 check (left(t, 1) = 'x' and right(t, 1) = 'y');
alter table texts.t add constraint k089 check (concat(t, v) <> '');
alter table texts.t add constraint k090 check (to_char(d, 'YYYY') = '2020');
alter table texts.t add constraint k091 check (md5(t) = 'x');
alter table texts.t add constraint k092 check (i > 0 is true);
alter table texts.t add constraint k093 check ((i > 0) = b);
alter table texts.t add constraint k094 check (b = true);
alter table texts.t add constraint k095 check (true);
alter table texts.t add constraint k096 check (null);
alter table texts.t add constraint k097 check (i <> 0 and (l <> 0 and (s <> 0 or (n <> 0 and f <> 0))));
alter table texts.t add constraint k098 check ((i > 0 or l > 0) and (s > 0 or n > 0));
select conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) from pg_constraint where conrelid = 'texts.t'::regclass order by conname;
create table texts.d (
  c01 int default 1,
  c02 int default -1,
  c03 int default 1 + 2,
  c04 int default '5',
  c05 int default '5'::int,
  c06 int default 5.7,
  c07 int default null,
  c08 int default length('abc'),
  c09 bigint default 1,
  c10 bigint default -5,
  c11 bigint default 10000000000,
  c12 smallint default 3,
  c13 numeric default 1,
  c14 numeric default -1,
  c15 numeric default 1.50,
  c16 numeric default '1',
  c17 numeric(10,2) default 0,
  c18 numeric(10,2) default 0.00,
  c19 numeric(10,2) default '3.14',
  c20 real default 1,
  c21 real default 1.5,
  c22 double precision default 0,
  c23 double precision default -2.5,
  c24 double precision default 'NaN',
  c25 double precision default random(),
  c26 text default 'x',
  c27 text default '',
  c28 text default 'it''s',
  c29 text default upper('x'),
  c30 text default current_user,
  c31 text default 5::text,
  c32 text default E'a\nb',
  c33 varchar default 'x',
  c34 varchar(10) default 'x',
  c35 varchar(10) default 'x'::text,
  c36 char(3) default 'x',
  c37 char default 'y',
  c38 boolean default true,
  c39 boolean default 't',
  c40 date default current_date,
  c41 date default '2020-01-01',
  c42 date default now(),
  c43 date default now()::date,
  c44 timestamp default now(),
  c45 timestamp default current_timestamp,
  c46 timestamp default localtimestamp,
  c47 timestamp default '2020-01-01 10:00',
  c48 timestamp(3) default now(),
  c49 timestamptz default now(),
  c50 timestamptz default current_timestamp,
  c51 timestamptz default current_timestamp(3),
  c52 timestamptz default '2020-01-01 10:00+00',
  c53 timestamptz default now() + interval '1 day',
  c54 timestamptz default (now() at time zone 'utc'),
  c55 timestamp default timezone('utc', now()),
  c56 time default '10:00',
  c57 time default localtime,
  c58 timetz default current_time,
  c59 interval default '1 day',
  c60 interval default interval '2 hours',
  c61 interval default '1 year 2 mons',
  c62 uuid default gen_random_uuid(),
  c63 uuid default 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  c64 json default '{}',
  c65 bytea default '\x00',
  c66 int[] default '{}',
  c67 int[] default '{1,2}',
  c68 int[] default array[1,2],
  c69 int[] default array[]::int[],
  c70 text[] default array['a','b'],
  c71 text[] default '{}'::text[],
  c72 varchar[] default array['a'],
  c73 bigint default extract(epoch from now()),
  c74 bigint default (extract(epoch from now()) * 1000)::bigint,
  c75 text default md5(random()::text),
  c76 text default 'a' || 'b',
  c77 oid default 5,
  c78 name default 'x');
select attname, pg_get_expr(adbin, adrelid), pg_get_expr(adbin, adrelid, true) from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum where adrelid = 'texts.d'::regclass order by attname;
\set QUIET off
drop table texts.t, texts.d;
drop schema texts;
