-- A schema with something of everything that psql and others describe.
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'things for sale';
CREATE TABLE shop.maker (
  id serial PRIMARY KEY,
  name varchar(40) NOT NULL UNIQUE,
  country char(2) DEFAULT 'DE',
  founded date,
  CONSTRAINT maker_country_check CHECK (country IN ('DE', 'FR', 'JP'))
);
CREATE TABLE shop.product (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  maker_id integer REFERENCES shop.maker ON DELETE CASCADE ON UPDATE SET NULL,
  title text NOT NULL DEFAULT 'untitled',
  price numeric(10,2) NOT NULL DEFAULT 0 CHECK (price >= 0),
  tags text[] DEFAULT '{}',
  weight double precision DEFAULT 1.5,
  stock int DEFAULT -1,
  big bigint DEFAULT 0,
  ratio real DEFAULT 0.5,
  active boolean DEFAULT true,
  status varchar(20) DEFAULT 'new' CHECK (status IN ('new', 'old')),
  created timestamptz DEFAULT now(),
  updated timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP,
  due date DEFAULT CURRENT_DATE + 1,
  span interval DEFAULT '1 day',
  meta json DEFAULT '{"a": 1}',
  code uuid,
  raw bytea,
  gross numeric GENERATED ALWAYS AS (price * 1.19) STORED,
  label text GENERATED ALWAYS AS (upper(title) || '!') STORED,
  CONSTRAINT weight_ok CHECK (weight > 0 AND weight < 1000 OR weight IS NULL),
  CHECK (title <> '' AND length(title) BETWEEN 1 AND 200),
  UNIQUE (maker_id, title)
);
COMMENT ON TABLE shop.product IS 'what is sold';
COMMENT ON COLUMN shop.product.price IS 'in euro';
CREATE INDEX product_price_idx ON shop.product (price DESC, title);
CREATE UNIQUE INDEX product_lower_idx ON shop.product (lower(title), (price * 2)) WHERE active;
CREATE INDEX product_nulls_idx ON shop.product (due NULLS FIRST, created DESC NULLS LAST) INCLUDE (stock);
CREATE INDEX product_partial ON shop.product (status) WHERE status = 'new' AND price > 10;
COMMENT ON INDEX shop.product_price_idx IS 'dear first';
CREATE TABLE orders (
  a int, b int,
  note text,
  parent_a int, parent_b int,
  PRIMARY KEY (b, a),
  CONSTRAINT orders_parent FOREIGN KEY (parent_b, parent_a) REFERENCES orders (b, a) MATCH FULL DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT orders_note_key UNIQUE (note)
);
CREATE TABLE line (
  order_a int, order_b int, n smallserial, product_id bigint NOT NULL REFERENCES shop.product,
  FOREIGN KEY (order_b, order_a) REFERENCES orders (b, a),
  PRIMARY KEY (order_a, order_b, n)
);
CREATE TABLE plain (x int, "Mixed Case" text, "select" int);
ALTER TABLE plain DROP COLUMN x;
ALTER TABLE plain ADD COLUMN y int NOT NULL DEFAULT 7;
CREATE SEQUENCE counter INCREMENT 5 MINVALUE 10 MAXVALUE 1000 START 20 CACHE 3 CYCLE;
CREATE SEQUENCE small_seq AS smallint;
CREATE VIEW active_products AS SELECT id, title, price FROM shop.product WHERE active;
CREATE VIEW totals AS
  SELECT m.name, count(*) AS n, sum(p.price) AS total
  FROM shop.maker m LEFT JOIN shop.product p ON p.maker_id = m.id
  WHERE m.country = 'DE' OR p.price > 10
  GROUP BY m.name HAVING count(*) > 1 ORDER BY total DESC LIMIT 10;
COMMENT ON VIEW totals IS 'sums';
CREATE VIEW everything AS SELECT * FROM orders;
CREATE VIEW mixed AS SELECT o.note, CASE WHEN o.a > 1 THEN 'many' ELSE 'one' END AS kind, coalesce(o.note, '-') AS c,
   (SELECT max(l.n) FROM line l WHERE l.order_a = o.a) AS lines
  FROM orders o WHERE EXISTS (SELECT 1 FROM line WHERE line.order_b = o.b) AND o.a IN (1, 2, 3);
