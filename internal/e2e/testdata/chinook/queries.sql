-- Queries over the Chinook database, as its users write them. The golden output
-- (queries.out) is PostgreSQL 15's, byte for byte.

-- 1: row counts
SELECT 'album' AS t, count(*) FROM album UNION ALL SELECT 'artist', count(*) FROM artist UNION ALL SELECT 'customer', count(*) FROM customer
UNION ALL SELECT 'employee', count(*) FROM employee UNION ALL SELECT 'genre', count(*) FROM genre UNION ALL SELECT 'invoice', count(*) FROM invoice
UNION ALL SELECT 'invoice_line', count(*) FROM invoice_line UNION ALL SELECT 'media_type', count(*) FROM media_type UNION ALL SELECT 'playlist', count(*) FROM playlist
UNION ALL SELECT 'playlist_track', count(*) FROM playlist_track UNION ALL SELECT 'track', count(*) FROM track ORDER BY 1;
-- 2: a point
SELECT * FROM track WHERE track_id = 3;
-- 3: a range, in order
SELECT album_id, title FROM album WHERE album_id BETWEEN 100 AND 105 ORDER BY album_id DESC;
-- 4: LIKE
SELECT name FROM artist WHERE name LIKE 'The %' ORDER BY name LIMIT 8;
-- 5: ILIKE and a regular expression
SELECT name FROM track WHERE name ILIKE '%rock%' AND name ~ '^[A-L]' ORDER BY name, track_id LIMIT 10;
-- 6: two joins
SELECT ar.name AS artist, al.title, count(*) AS tracks FROM artist ar JOIN album al ON al.artist_id = ar.artist_id JOIN track t USING (album_id)
GROUP BY ar.name, al.title ORDER BY tracks DESC, artist, title LIMIT 7;
-- 7: revenue by country
SELECT billing_country, sum(total) AS revenue, count(*) AS invoices, avg(total) AS mean FROM invoice GROUP BY billing_country HAVING sum(total) > 50 ORDER BY revenue DESC, billing_country;
-- 8: genres by minutes
SELECT g.name, sum(t.milliseconds) / 60000 AS minutes, round(avg(t.milliseconds) / 1000.0, 2) AS mean_seconds, min(t.unit_price), max(bytes) FROM genre g JOIN track t ON t.genre_id = g.genre_id
GROUP BY g.name ORDER BY minutes DESC, g.name LIMIT 10;
-- 9: left join with nothing on the right
SELECT ar.artist_id, ar.name FROM artist ar LEFT JOIN album al ON al.artist_id = ar.artist_id WHERE al.album_id IS NULL ORDER BY ar.artist_id LIMIT 6;
-- 10: the same by NOT EXISTS
SELECT count(*) FROM artist ar WHERE NOT EXISTS (SELECT 1 FROM album al WHERE al.artist_id = ar.artist_id);
-- 11: and by NOT IN
SELECT count(*) FROM artist WHERE artist_id NOT IN (SELECT artist_id FROM album);
-- 12: self join
SELECT e.first_name || ' ' || e.last_name AS employee, coalesce(m.first_name || ' ' || m.last_name, '(nobody)') AS boss FROM employee e LEFT JOIN employee m ON m.employee_id = e.reports_to ORDER BY e.employee_id;
-- 13: recursion over the same
WITH RECURSIVE chain(employee_id, name, depth, path) AS (
  SELECT employee_id, last_name::text, 0, last_name::text FROM employee WHERE reports_to IS NULL
  UNION ALL SELECT e.employee_id, e.last_name, c.depth + 1, c.path || ' > ' || e.last_name FROM employee e JOIN chain c ON e.reports_to = c.employee_id)
SELECT depth, name, path FROM chain ORDER BY path;
-- 14: correlated scalar subquery
SELECT c.customer_id, c.last_name, (SELECT max(i.total) FROM invoice i WHERE i.customer_id = c.customer_id) AS biggest FROM customer c WHERE c.country = 'Brazil' ORDER BY biggest DESC, c.customer_id;
-- 15: correlated EXISTS
SELECT c.last_name FROM customer c WHERE EXISTS (SELECT 1 FROM invoice i WHERE i.customer_id = c.customer_id AND i.total > 20) ORDER BY 1;
-- 16: IN over a join
SELECT count(*) FROM track WHERE album_id IN (SELECT al.album_id FROM album al JOIN artist ar USING (artist_id) WHERE ar.name = 'Iron Maiden');
-- 17: months
SELECT date_trunc('month', invoice_date) AS month, count(*), sum(total) FROM invoice WHERE invoice_date >= date '2010-01-01' AND invoice_date < date '2010-01-01' + interval '6 months' GROUP BY 1 ORDER BY 1;
-- 18: date parts
SELECT extract(year FROM invoice_date) AS y, extract(quarter FROM invoice_date) AS q, sum(total) FROM invoice GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 6;
-- 19: ages
SELECT last_name, age(hire_date, birth_date) AS hired_at, hire_date - birth_date AS days, (hire_date + interval '1 month - 1 day')::date FROM employee ORDER BY employee_id;
-- 20: formatting of dates
SELECT to_char(invoice_date, 'YYYY-MM-DD Dy'), to_char(total, 'FM999.00') FROM invoice ORDER BY invoice_id LIMIT 5;
-- 21: CASE
SELECT CASE WHEN total < 1 THEN 'small' WHEN total < 10 THEN 'medium' ELSE 'large' END AS size, count(*), sum(total) FROM invoice GROUP BY 1 ORDER BY 2 DESC;
-- 22: simple CASE, aggregate with FILTER
SELECT count(*) FILTER (WHERE milliseconds > 300000) AS long, count(*) FILTER (WHERE composer IS NULL) AS anonymous, sum(CASE media_type_id WHEN 1 THEN 1 ELSE 0 END) AS mpeg FROM track;
-- 23: UNION, with duplicates removed
SELECT city FROM customer WHERE country = 'USA' UNION SELECT city FROM employee ORDER BY city;
-- 24: INTERSECT
SELECT country FROM customer INTERSECT SELECT billing_country FROM invoice WHERE total > 15 ORDER BY 1;
-- 25: EXCEPT
SELECT name FROM genre EXCEPT SELECT g.name FROM genre g JOIN track t USING (genre_id) JOIN invoice_line il USING (track_id) ORDER BY 1;
-- 26: DISTINCT
SELECT DISTINCT billing_country, billing_state FROM invoice WHERE billing_state IS NOT NULL ORDER BY 1, 2 LIMIT 10;
-- 27: DISTINCT ON
SELECT DISTINCT ON (customer_id) customer_id, invoice_id, invoice_date, total FROM invoice ORDER BY customer_id, invoice_date DESC LIMIT 6;
-- 28: NULLs in order
SELECT composer, name FROM track WHERE album_id = 10 ORDER BY composer NULLS FIRST, name DESC LIMIT 6;
-- 29: OFFSET and FETCH
SELECT customer_id, email FROM customer ORDER BY last_name, first_name OFFSET 10 ROWS FETCH NEXT 5 ROWS ONLY;
-- 30: WITH used twice
WITH sales AS (SELECT t.genre_id, sum(il.unit_price * il.quantity) AS revenue FROM invoice_line il JOIN track t USING (track_id) GROUP BY t.genre_id)
SELECT g.name, s.revenue, round(100 * s.revenue / (SELECT sum(revenue) FROM sales), 1) AS percent FROM sales s JOIN genre g USING (genre_id) ORDER BY s.revenue DESC, g.name LIMIT 6;
-- 31: derived table
SELECT max(n), min(n), round(avg(n), 3) FROM (SELECT playlist_id, count(*) AS n FROM playlist_track GROUP BY playlist_id) AS p;
-- 32: LATERAL
SELECT c.customer_id, c.last_name, last.invoice_id, last.total FROM customer c CROSS JOIN LATERAL (SELECT invoice_id, total FROM invoice i WHERE i.customer_id = c.customer_id ORDER BY invoice_date DESC, invoice_id LIMIT 2) last
WHERE c.support_rep_id = 3 ORDER BY c.customer_id, last.invoice_id LIMIT 8;
-- 33: string_agg and array_agg
SELECT al.title, string_agg(t.name, '; ' ORDER BY t.track_id), array_agg(t.milliseconds / 1000 ORDER BY t.track_id) FROM album al JOIN track t USING (album_id) WHERE al.album_id IN (1, 3) GROUP BY al.title ORDER BY al.title;
-- 34: ROLLUP
SELECT coalesce(billing_country, 'all') AS country, billing_city, sum(total) FROM invoice WHERE billing_country IN ('Chile', 'Canada') GROUP BY ROLLUP (billing_country, billing_city) ORDER BY 1, 2 NULLS LAST, 3;
-- 35: FULL JOIN
SELECT m.name, p.name FROM media_type m FULL JOIN playlist p ON p.playlist_id = m.media_type_id + 14 ORDER BY 1 NULLS LAST, 2 NULLS LAST LIMIT 12;
-- 36: NATURAL JOIN
SELECT count(*), sum(unit_price) FROM invoice_line NATURAL JOIN invoice WHERE billing_country = 'France';
-- 37: row comparison
SELECT track_id, name FROM track WHERE (album_id, track_id) > (345, 3500) ORDER BY album_id, track_id LIMIT 4;
-- 38: ANY and ALL
SELECT name FROM genre WHERE genre_id = ANY (ARRAY[1, 5, 25]) ORDER BY genre_id;
SELECT invoice_id, total FROM invoice WHERE total >= ALL (SELECT total FROM invoice) ORDER BY 1;
-- 39: strings
SELECT upper(last_name), initcap(lower(first_name)), length(email), substring(email FROM position('@' IN email) + 1), split_part(phone, ' ', 1), lpad(postal_code, 9, '.'), reverse(left(city, 4)) FROM customer ORDER BY customer_id LIMIT 5;
-- 40: numbers
SELECT round(total * 1.19, 2), trunc(total), ceil(total), floor(-total), total % 3, power(total, 2), sqrt(total)::numeric(8, 4), abs(-total), sign(total) FROM invoice ORDER BY invoice_id LIMIT 4;
-- 41: statistics
SELECT round(stddev(total), 6), round(variance(total), 6), percentile_cont(0.5) WITHIN GROUP (ORDER BY total), corr(total, invoice_id) > 0 AS rising, bool_and(total > 0), bool_or(total > 25) FROM invoice;
-- 42: generate_series against the data
SELECT d::date, count(i.invoice_id) FROM generate_series(timestamp '2011-01-01', timestamp '2011-01-10', interval '1 day') AS d LEFT JOIN invoice i ON i.invoice_date = d GROUP BY d ORDER BY d;
-- 43: group by an expression, order by an aggregate
SELECT left(name, 1) AS initial, count(*) FROM artist GROUP BY left(name, 1) ORDER BY count(*) DESC, initial LIMIT 6;
-- 44: six tables
SELECT c.country, g.name, sum(il.quantity) AS sold FROM customer c JOIN invoice i USING (customer_id) JOIN invoice_line il USING (invoice_id) JOIN track t USING (track_id) JOIN genre g USING (genre_id) JOIN media_type m USING (media_type_id)
WHERE m.name LIKE '%MPEG%' GROUP BY c.country, g.name HAVING sum(il.quantity) > 30 ORDER BY sold DESC, c.country, g.name;
-- 45: VALUES joined, BETWEEN, IS DISTINCT FROM
SELECT v.label, count(*) FROM (VALUES ('short', 0, 180000), ('middle', 180001, 300000), ('long', 300001, 10000000)) AS v(label, lo, hi) JOIN track t ON t.milliseconds BETWEEN v.lo AND v.hi WHERE t.composer IS DISTINCT FROM 'AC/DC' GROUP BY v.label ORDER BY 2 DESC;
-- 46: top of each group, by a correlated subquery
SELECT i.billing_country, i.invoice_id, i.total FROM invoice i WHERE i.total = (SELECT max(x.total) FROM invoice x WHERE x.billing_country = i.billing_country) ORDER BY i.billing_country, i.invoice_id LIMIT 10;
-- 47: what changes comes back
BEGIN;
INSERT INTO genre (name) VALUES ('Skiffle'), ('Zydeco') RETURNING genre_id, name;
UPDATE track SET unit_price = unit_price * 2 FROM album al WHERE al.album_id = track.album_id AND al.title = 'Facelift' RETURNING track.track_id, track.name, unit_price, al.title;
DELETE FROM playlist_track pt USING playlist p WHERE p.playlist_id = pt.playlist_id AND p.name = 'On-The-Go 1' RETURNING pt.*;
INSERT INTO genre (genre_id, name) VALUES (1, 'Rock''n''roll') ON CONFLICT (genre_id) DO UPDATE SET name = excluded.name || ' (' || genre.name || ')' RETURNING *;
ROLLBACK;
SELECT count(*) FROM genre;
-- 48: mistakes, and where they are
SELECT nme FROM artist;
SELECT name FROM artists;
SELECT title, count(*) FROM album;
INSERT INTO album (album_id, title, artist_id) VALUES (1, 'again', 1);
INSERT INTO album (title, artist_id) VALUES ('orphan', 99999);
DELETE FROM artist WHERE artist_id = 1;
SELECT 1 / (total - total) FROM invoice LIMIT 1;
SELECT 'x'::int;
