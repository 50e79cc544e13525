-- Views as pg_get_viewdef writes them, exactly and pretty: each is made, shown and dropped.
\pset format unaligned
\pset tuples_only on
\set QUIET on
create view vv as SELECT a.x, b.y FROM (SELECT o.a AS x FROM orders o) a, (SELECT l.n AS y FROM line l) b;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT * FROM orders JOIN line ON line.order_a = orders.a AND line.order_b = orders.b;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT * FROM orders o JOIN line l ON l.order_a = o.a LEFT JOIN plain p ON p.y = o.a;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT * FROM orders o LEFT JOIN (line l JOIN plain p ON p.y = l.n) ON l.order_a = o.a;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a, a.b, b.note FROM orders a JOIN orders b USING (a);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a, b, a.note FROM orders a FULL JOIN orders b USING (a, b);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a, b.note FROM orders a2 NATURAL JOIN (SELECT 1 AS a, 'x'::text AS note) b;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT * FROM orders CROSS JOIN plain;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT o.* , 1 AS one FROM orders o;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders UNION SELECT n FROM line;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders UNION ALL SELECT n FROM line UNION ALL SELECT y FROM plain ORDER BY 1 LIMIT 5;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders UNION SELECT n FROM line EXCEPT SELECT y FROM plain;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders UNION (SELECT n FROM line INTERSECT SELECT y FROM plain);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as (SELECT a FROM orders ORDER BY a LIMIT 1) UNION ALL (SELECT b FROM orders ORDER BY b DESC LIMIT 1);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as WITH t AS (SELECT a, b FROM orders) SELECT t.a, t.b FROM t WHERE t.a > 1;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as WITH t(x, y) AS (SELECT a, b FROM orders), u AS MATERIALIZED (SELECT x FROM t) SELECT u.x FROM u JOIN t ON t.x = u.x;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT n FROM r;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT DISTINCT note FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT DISTINCT ON (a) a, b FROM orders ORDER BY a, b DESC;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a, count(*) FROM orders GROUP BY a;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a, count(*) AS c, sum(b) FILTER (WHERE b > 1) AS s FROM orders GROUP BY a HAVING sum(b) > 10 ORDER BY count(*) DESC, 1;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a + 1 AS k, max(b) FROM orders GROUP BY a + 1 ORDER BY a + 1;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT count(DISTINCT note), string_agg(note, ',' ORDER BY note DESC), array_agg(a) FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE a IN (SELECT n FROM line);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE a NOT IN (SELECT n FROM line) AND NOT EXISTS (SELECT 1 FROM plain WHERE plain.y = orders.a);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE (a, b) IN (SELECT order_a, order_b FROM line);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE a > ALL (SELECT n FROM line) OR b = ANY (SELECT n FROM line);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE a = ANY (ARRAY[1, 2, 3]) AND note LIKE 'x%' AND note NOT ILIKE '%y';
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE note ~ '^a' OR note !~* 'b' OR note IS NULL;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a BETWEEN 1 AND 2 AS x, a NOT BETWEEN 3 AND 4 AS y FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' END AS w, CASE WHEN a > b THEN a ELSE b END AS m FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT coalesce(note, 'none') AS n, nullif(a, b), greatest(a, b, 3), least(a, 0) FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a::text, b::numeric(10,2), '2020-01-01'::date AS d, cast(a as bigint) AS big FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT extract(year FROM created) AS y, date_trunc('month', created) AS m, created AT TIME ZONE 'UTC' AS z FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT substring(title from 1 for 3) AS s, position('a' in title) AS p, trim(both ' ' from title) AS t, overlay(title placing 'x' from 2) AS o, upper(title) FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT price * 2 AS dbl, price * 2 + 1 AS p2, (price + 1) * 2 AS p3, - price AS neg, stock % 2 AS modu, price ^ 2 AS pw, -1 AS m1 FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT title || ' ' || status AS t, title || stock AS u FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT tags[1] AS t1, tags[1:2] AS t2, array_length(tags, 1) AS len, 'a' = ANY (tags) AS has FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT p.title, m.name FROM shop.product p, shop.maker m WHERE p.maker_id = m.id AND (m.country = 'DE' OR p.status IN ('new', 'old')) AND NOT p.active;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT title FROM shop.product WHERE active IS TRUE AND active IS NOT FALSE AND (stock IS NOT NULL) IS NOT UNKNOWN;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT title FROM shop.product WHERE created > now() - interval '1 day' AND due = current_date AND updated < localtimestamp;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT g FROM generate_series(1, 10) g;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT x.g, x.ordinality FROM generate_series(1, 3) WITH ORDINALITY AS x(g, ordinality);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT u FROM shop.product p, unnest(p.tags) u;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT o.a, l.n FROM orders o, LATERAL (SELECT n FROM line WHERE line.order_a = o.a LIMIT 1) l;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as VALUES (1, 'a'), (2, 'b');
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT v.x FROM (VALUES (1, 'a'), (2, 'b')) v(x, y);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT current_user AS u, session_user AS s, current_timestamp AS t, current_timestamp(2) AS t2, current_date AS d;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders ORDER BY b NULLS FIRST, note DESC NULLS LAST OFFSET 2 LIMIT 3;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders ORDER BY a FETCH FIRST 3 ROWS WITH TIES;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a IS DISTINCT FROM b AS x, a IS NOT DISTINCT FROM b AS y FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT "Mixed Case", "select" FROM plain;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT p."select" AS "A b" FROM plain p;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a, (SELECT count(*) FROM line WHERE line.order_a = orders.a) AS n, ARRAY(SELECT n FROM line ORDER BY n) AS ns FROM orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT to_char(created, 'YYYY') AS y, lower(status) AS l, round(price, 1) AS r, abs(stock) AS a, length(status) AS len FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT price > 10 AS a, price > 10.5 AS b, weight > 1 AS c, ratio < 0.5 AS d, big = 1 AS e, stock = big AS f, created > '2020-01-01' AS g, code = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS h FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT meta ->> 'a' AS a, meta -> 'b' AS b FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT max(price) - min(price) AS spread, avg(stock)::int AS av FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT count(*) FILTER (WHERE active) AS n FROM shop.product GROUP BY ROLLUP (maker_id, status);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT true AS t, NULL AS n, 1.5 AS x, 'lit' AS l, 10000000000 AS big;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE (a > 1 AND b > 2) OR (a < 0 AND NOT (b = 3 OR note = 'x'));
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT o.a FROM orders o WHERE o.a = (SELECT max(i.a) FROM orders i WHERE i.b = o.b);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders WHERE note COLLATE "C" > 'x';
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT * FROM active_products WHERE price > 5;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT t.name, t.n FROM totals t WHERE t.n > 1;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT stock::bigint + big AS s, status::text || 'x' AS t, price::int AS p, '5'::int + stock AS q FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT floor(price)::int % 2 = 0 AS even, (stock + 1)::text AS s FROM shop.product;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT interval '1 day' * 2 AS i, now() + '1 hour' AS n, date '2020-01-01' + 1 AS d;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT o.a FROM orders o, orders, line l WHERE orders.a = o.b AND EXISTS (SELECT 1 FROM orders WHERE orders.a = l.n AND o.b = 1);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT orders.a FROM (SELECT a FROM orders) orders;
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
create view vv as SELECT a FROM orders UNION SELECT orders.a FROM orders WHERE a IN (SELECT a FROM orders);
select pg_get_viewdef('vv'::regclass);
\sv vv
drop view vv;
