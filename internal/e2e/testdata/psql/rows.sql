-- Rows for dumps: values that need care in text form.
INSERT INTO shop.maker (name, country, founded) VALUES ('Ä & Ö', 'DE', '1999-12-31'), (E'tab\there', 'FR', NULL), (E'back\\slash', 'JP', '0044-03-15 BC');
INSERT INTO shop.product (maker_id, title, price, tags, weight, status, created, updated, due, span, meta, code, raw) VALUES
  (1, E'line\nbreak', 12.50, '{a,"b c",NULL}', 0.1, 'old', '2024-02-29 13:14:15.123456+02', '2024-02-29 13:14:15.1235', '2024-03-01', '1 year 2 mons -3 days 04:05:06.7', '{"k": [1, null]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff10'),
  (NULL, 'plain', 0, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE shop.product SET created = '2024-01-01 00:00:00+00', updated = '2024-01-01', due = '2024-01-02' WHERE title = 'plain';
INSERT INTO orders VALUES (1, 2, 'first', NULL, NULL), (3, 4, '', 1, 2);
INSERT INTO line VALUES (1, 2, DEFAULT, 1), (1, 2, DEFAULT, 2);
INSERT INTO plain ("Mixed Case", "select") VALUES ('it''s "quoted"', 1), (NULL, NULL);
SELECT nextval('small_seq');
