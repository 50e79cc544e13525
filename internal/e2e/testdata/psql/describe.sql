-- \d of tables, indexes, sequences and views of schema.sql.
\echo '=== \\d'
\d
\echo '=== \\d shop.product'
\d shop.product
\echo '=== \\d shop.maker'
\d shop.maker
\echo '=== \\d+ shop.maker'
\d+ shop.maker
\echo '=== \\d+ shop.product'
\d+ shop.product
\echo '=== \\d orders'
\d orders
\echo '=== \\d+ orders'
\d+ orders
\echo '=== \\d line'
\d line
\echo '=== \\d+ line'
\d+ line
\echo '=== \\d plain'
\d plain
\echo '=== \\d+ plain'
\d+ plain
\echo '=== \\d pl*'
\d pl*
\echo '=== \\d shop.product_price_idx'
\d shop.product_price_idx
\echo '=== \\d+ shop.product_price_idx'
\d+ shop.product_price_idx
\echo '=== \\d shop.product_lower_idx'
\d shop.product_lower_idx
\echo '=== \\d+ shop.product_nulls_idx'
\d+ shop.product_nulls_idx
\echo '=== \\d+ shop.product_partial'
\d+ shop.product_partial
\echo '=== \\d orders_pkey'
\d orders_pkey
\echo '=== \\d counter'
\d counter
\echo '=== \\d+ small_seq'
\d+ small_seq
\echo '=== \\d shop.maker_id_seq'
\d shop.maker_id_seq
\echo '=== \\d shop.product_id_seq'
\d shop.product_id_seq
\echo '=== \\d active_products'
\d active_products
\echo '=== \\d+ active_products'
\d+ active_products
\echo '=== \\d+ totals'
\d+ totals
\echo '=== \\d+ everything'
\d+ everything
\echo '=== \\d+ mixed'
\d+ mixed
\echo '=== \\sv totals'
\sv totals
\echo '=== \\sv+ mixed'
\sv+ mixed
