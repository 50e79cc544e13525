-- Lists with sizes, which are estimates here.
\echo '=== \\dt+'
\dt+
\echo '=== \\dt+ shop.*'
\dt+ shop.*
\echo '=== \\dn+'
\dn+
\echo '=== \\di+'
\di+
\echo '=== \\di+ shop.*'
\di+ shop.*
\echo '=== \\dv+'
\dv+
\echo '=== \\ds+'
\ds+
\echo '=== \\d+'
\d+
