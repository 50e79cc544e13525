-- The lists of objects: those of schema.sql, of the system, and the empty ones.
\echo '=== \\dn'
\dn
\echo '=== \\dt'
\dt
\echo '=== \\dt shop.*'
\dt shop.*
\echo '=== \\dtv'
\dtv
\echo '=== \\dtS pg_c*'
\dtS pg_c*
\echo '=== \\dtS pg_a*'
\dtS pg_a*
\echo '=== \\di'
\di
\echo '=== \\di shop.*'
\di shop.*
\echo '=== \\dv'
\dv
\echo '=== \\ds'
\ds
\echo '=== \\ds shop.*'
\ds shop.*
\echo '=== \\dg'
\dg
\echo '=== \\du'
\du
\echo '=== \\df'
\df
\echo '=== \\df+'
\df+
\echo '=== \\df abs'
\df abs
\echo '=== \\dT'
\dT
\echo '=== \\dT+'
\dT+
\echo '=== \\dT text'
\dT text
\echo '=== \\dT int4'
\dT int4
\echo '=== \\dp'
\dp
\echo '=== \\dp shop.*'
\dp shop.*
\echo '=== \\z orders'
\z orders
\echo '=== \\ddp'
\ddp
\echo '=== \\db'
\db
\echo '=== \\dC json'
\dC json
\echo '=== \\dD'
\dD
\echo '=== \\dD+'
\dD+
\echo '=== \\do'
\do
\echo '=== \\do ~~'
\do ~~
\echo '=== \\dconfig work_mem'
\dconfig work_mem
\echo '=== \\dRp'
\dRp
\echo '=== \\dRs'
\dRs
\echo '=== \\des'
\des
\echo '=== \\dew'
\dew
\echo '=== \\det'
\det
\echo '=== \\deu'
\deu
\echo '=== \\dd'
\dd
\echo '=== \\dO'
\dO
\echo '=== \\dy'
\dy
\echo '=== \\dX'
\dX
\echo '=== \\dP'
\dP
\echo '=== \\dc'
\dc
\echo '=== \\dl'
\dl
\echo '=== \\encoding'
\encoding
