// Made from pg_type of PostgreSQL 15; the numbers are part of the wire
// protocol and of stored keys: never renumber.

package types

// OID is a PostgreSQL object identifier. For types, PostgreSQL's own numbers are
// used, because clients know them by heart.
type OID uint32

// The OIDs of the built-in types.
const (
	BoolOID                  OID = 16
	ByteaOID                 OID = 17
	CharOID                  OID = 18
	NameOID                  OID = 19
	Int8OID                  OID = 20
	Int2OID                  OID = 21
	Int2VectorOID            OID = 22
	Int4OID                  OID = 23
	RegprocOID               OID = 24
	TextOID                  OID = 25
	OidOID                   OID = 26
	TidOID                   OID = 27
	XidOID                   OID = 28
	CidOID                   OID = 29
	OidVectorOID             OID = 30
	JSONOID                  OID = 114
	PgNodeTreeOID            OID = 194
	JSONArrayOID             OID = 199
	Xid8ArrayOID             OID = 271
	Float4OID                OID = 700
	Float8OID                OID = 701
	UnknownOID               OID = 705
	BoolArrayOID             OID = 1000
	ByteaArrayOID            OID = 1001
	CharArrayOID             OID = 1002
	NameArrayOID             OID = 1003
	Int2ArrayOID             OID = 1005
	Int2VectorArrayOID       OID = 1006
	Int4ArrayOID             OID = 1007
	RegprocArrayOID          OID = 1008
	TextArrayOID             OID = 1009
	TidArrayOID              OID = 1010
	XidArrayOID              OID = 1011
	CidArrayOID              OID = 1012
	OidVectorArrayOID        OID = 1013
	BpcharArrayOID           OID = 1014
	VarcharArrayOID          OID = 1015
	Int8ArrayOID             OID = 1016
	Float4ArrayOID           OID = 1021
	Float8ArrayOID           OID = 1022
	OidArrayOID              OID = 1028
	ACLItemOID               OID = 1033
	ACLItemArrayOID          OID = 1034
	BpcharOID                OID = 1042
	VarcharOID               OID = 1043
	DateOID                  OID = 1082
	TimeOID                  OID = 1083
	TimestampOID             OID = 1114
	TimestampArrayOID        OID = 1115
	DateArrayOID             OID = 1182
	TimeArrayOID             OID = 1183
	TimestamptzOID           OID = 1184
	TimestamptzArrayOID      OID = 1185
	IntervalOID              OID = 1186
	IntervalArrayOID         OID = 1187
	NumericArrayOID          OID = 1231
	CstringArrayOID          OID = 1263
	TimetzOID                OID = 1266
	TimetzArrayOID           OID = 1270
	NumericOID               OID = 1700
	RefcursorOID             OID = 1790
	RefcursorArrayOID        OID = 2201
	RegprocedureOID          OID = 2202
	RegoperOID               OID = 2203
	RegoperatorOID           OID = 2204
	RegclassOID              OID = 2205
	RegtypeOID               OID = 2206
	RegprocedureArrayOID     OID = 2207
	RegoperArrayOID          OID = 2208
	RegoperatorArrayOID      OID = 2209
	RegclassArrayOID         OID = 2210
	RegtypeArrayOID          OID = 2211
	RecordOID                OID = 2249
	CstringOID               OID = 2275
	AnyOID                   OID = 2276
	AnyArrayOID              OID = 2277
	VoidOID                  OID = 2278
	TriggerOID               OID = 2279
	InternalOID              OID = 2281
	AnyElementOID            OID = 2283
	RecordArrayOID           OID = 2287
	AnyNonArrayOID           OID = 2776
	UUIDOID                  OID = 2950
	UUIDArrayOID             OID = 2951
	AnyEnumOID               OID = 3500
	JSONBOID                 OID = 3802
	JSONBArrayOID            OID = 3807
	RegnamespaceOID          OID = 4089
	RegnamespaceArrayOID     OID = 4090
	RegroleOID               OID = 4096
	RegroleArrayOID          OID = 4097
	RegcollationOID          OID = 4191
	RegcollationArrayOID     OID = 4192
	Xid8OID                  OID = 5069
	AnyCompatibleOID         OID = 5077
	AnyCompatibleArrayOID    OID = 5078
	AnyCompatibleNonArrayOID OID = 5079
)

// infos is pg_type for the types above, by OID.
var infos = [...]Info{
	{BoolOID, "bool", `boolean`, 1, 'B', true, BoolArrayOID, 0, 'b', true, 'c', ',', 'p', 0},
	{ByteaOID, "bytea", `bytea`, -1, 'U', false, ByteaArrayOID, 0, 'b', false, 'i', ',', 'x', 0},
	{CharOID, "char", `"char"`, 1, 'Z', false, CharArrayOID, 0, 'b', true, 'c', ',', 'p', 0},
	{NameOID, "name", `name`, 64, 'S', false, NameArrayOID, CharOID, 'b', false, 'c', ',', 'p', 950},
	{Int8OID, "int8", `bigint`, 8, 'N', false, Int8ArrayOID, 0, 'b', true, 'd', ',', 'p', 0},
	{Int2OID, "int2", `smallint`, 2, 'N', false, Int2ArrayOID, 0, 'b', true, 's', ',', 'p', 0},
	{Int2VectorOID, "int2vector", `int2vector`, -1, 'A', false, Int2VectorArrayOID, Int2OID, 'b', false, 'i', ',', 'p', 0},
	{Int4OID, "int4", `integer`, 4, 'N', false, Int4ArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegprocOID, "regproc", `regproc`, 4, 'N', false, RegprocArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{TextOID, "text", `text`, -1, 'S', true, TextArrayOID, 0, 'b', false, 'i', ',', 'x', 100},
	{OidOID, "oid", `oid`, 4, 'N', true, OidArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{TidOID, "tid", `tid`, 6, 'U', false, TidArrayOID, 0, 'b', false, 's', ',', 'p', 0},
	{XidOID, "xid", `xid`, 4, 'U', false, XidArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{CidOID, "cid", `cid`, 4, 'U', false, CidArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{OidVectorOID, "oidvector", `oidvector`, -1, 'A', false, OidVectorArrayOID, OidOID, 'b', false, 'i', ',', 'p', 0},
	{JSONOID, "json", `json`, -1, 'U', false, JSONArrayOID, 0, 'b', false, 'i', ',', 'x', 0},
	{PgNodeTreeOID, "pg_node_tree", `pg_node_tree`, -1, 'Z', false, 0, 0, 'b', false, 'i', ',', 'x', 100},
	{JSONArrayOID, "_json", `json[]`, -1, 'A', false, 0, JSONOID, 'b', false, 'i', ',', 'x', 0},
	{Xid8ArrayOID, "_xid8", `xid8[]`, -1, 'A', false, 0, Xid8OID, 'b', false, 'd', ',', 'x', 0},
	{Float4OID, "float4", `real`, 4, 'N', false, Float4ArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{Float8OID, "float8", `double precision`, 8, 'N', true, Float8ArrayOID, 0, 'b', true, 'd', ',', 'p', 0},
	{UnknownOID, "unknown", `unknown`, -2, 'X', false, 0, 0, 'p', false, 'c', ',', 'p', 0},
	{BoolArrayOID, "_bool", `boolean[]`, -1, 'A', false, 0, BoolOID, 'b', false, 'i', ',', 'x', 0},
	{ByteaArrayOID, "_bytea", `bytea[]`, -1, 'A', false, 0, ByteaOID, 'b', false, 'i', ',', 'x', 0},
	{CharArrayOID, "_char", `"char"[]`, -1, 'A', false, 0, CharOID, 'b', false, 'i', ',', 'x', 0},
	{NameArrayOID, "_name", `name[]`, -1, 'A', false, 0, NameOID, 'b', false, 'i', ',', 'x', 950},
	{Int2ArrayOID, "_int2", `smallint[]`, -1, 'A', false, 0, Int2OID, 'b', false, 'i', ',', 'x', 0},
	{Int2VectorArrayOID, "_int2vector", `int2vector[]`, -1, 'A', false, 0, Int2VectorOID, 'b', false, 'i', ',', 'x', 0},
	{Int4ArrayOID, "_int4", `integer[]`, -1, 'A', false, 0, Int4OID, 'b', false, 'i', ',', 'x', 0},
	{RegprocArrayOID, "_regproc", `regproc[]`, -1, 'A', false, 0, RegprocOID, 'b', false, 'i', ',', 'x', 0},
	{TextArrayOID, "_text", `text[]`, -1, 'A', false, 0, TextOID, 'b', false, 'i', ',', 'x', 100},
	{TidArrayOID, "_tid", `tid[]`, -1, 'A', false, 0, TidOID, 'b', false, 'i', ',', 'x', 0},
	{XidArrayOID, "_xid", `xid[]`, -1, 'A', false, 0, XidOID, 'b', false, 'i', ',', 'x', 0},
	{CidArrayOID, "_cid", `cid[]`, -1, 'A', false, 0, CidOID, 'b', false, 'i', ',', 'x', 0},
	{OidVectorArrayOID, "_oidvector", `oidvector[]`, -1, 'A', false, 0, OidVectorOID, 'b', false, 'i', ',', 'x', 0},
	{BpcharArrayOID, "_bpchar", `character[]`, -1, 'A', false, 0, BpcharOID, 'b', false, 'i', ',', 'x', 100},
	{VarcharArrayOID, "_varchar", `character varying[]`, -1, 'A', false, 0, VarcharOID, 'b', false, 'i', ',', 'x', 100},
	{Int8ArrayOID, "_int8", `bigint[]`, -1, 'A', false, 0, Int8OID, 'b', false, 'd', ',', 'x', 0},
	{Float4ArrayOID, "_float4", `real[]`, -1, 'A', false, 0, Float4OID, 'b', false, 'i', ',', 'x', 0},
	{Float8ArrayOID, "_float8", `double precision[]`, -1, 'A', false, 0, Float8OID, 'b', false, 'd', ',', 'x', 0},
	{OidArrayOID, "_oid", `oid[]`, -1, 'A', false, 0, OidOID, 'b', false, 'i', ',', 'x', 0},
	{ACLItemOID, "aclitem", `aclitem`, 12, 'U', false, ACLItemArrayOID, 0, 'b', false, 'i', ',', 'p', 0},
	{ACLItemArrayOID, "_aclitem", `aclitem[]`, -1, 'A', false, 0, ACLItemOID, 'b', false, 'i', ',', 'x', 0},
	{BpcharOID, "bpchar", `character`, -1, 'S', false, BpcharArrayOID, 0, 'b', false, 'i', ',', 'x', 100},
	{VarcharOID, "varchar", `character varying`, -1, 'S', false, VarcharArrayOID, 0, 'b', false, 'i', ',', 'x', 100},
	{DateOID, "date", `date`, 4, 'D', false, DateArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{TimeOID, "time", `time without time zone`, 8, 'D', false, TimeArrayOID, 0, 'b', true, 'd', ',', 'p', 0},
	{TimestampOID, "timestamp", `timestamp without time zone`, 8, 'D', false, TimestampArrayOID, 0, 'b', true, 'd', ',', 'p', 0},
	{TimestampArrayOID, "_timestamp", `timestamp without time zone[]`, -1, 'A', false, 0, TimestampOID, 'b', false, 'd', ',', 'x', 0},
	{DateArrayOID, "_date", `date[]`, -1, 'A', false, 0, DateOID, 'b', false, 'i', ',', 'x', 0},
	{TimeArrayOID, "_time", `time without time zone[]`, -1, 'A', false, 0, TimeOID, 'b', false, 'd', ',', 'x', 0},
	{TimestamptzOID, "timestamptz", `timestamp with time zone`, 8, 'D', true, TimestamptzArrayOID, 0, 'b', true, 'd', ',', 'p', 0},
	{TimestamptzArrayOID, "_timestamptz", `timestamp with time zone[]`, -1, 'A', false, 0, TimestamptzOID, 'b', false, 'd', ',', 'x', 0},
	{IntervalOID, "interval", `interval`, 16, 'T', true, IntervalArrayOID, 0, 'b', false, 'd', ',', 'p', 0},
	{IntervalArrayOID, "_interval", `interval[]`, -1, 'A', false, 0, IntervalOID, 'b', false, 'd', ',', 'x', 0},
	{NumericArrayOID, "_numeric", `numeric[]`, -1, 'A', false, 0, NumericOID, 'b', false, 'i', ',', 'x', 0},
	{CstringArrayOID, "_cstring", `cstring[]`, -1, 'A', false, 0, CstringOID, 'b', false, 'i', ',', 'x', 0},
	{TimetzOID, "timetz", `time with time zone`, 12, 'D', false, TimetzArrayOID, 0, 'b', false, 'd', ',', 'p', 0},
	{TimetzArrayOID, "_timetz", `time with time zone[]`, -1, 'A', false, 0, TimetzOID, 'b', false, 'd', ',', 'x', 0},
	{NumericOID, "numeric", `numeric`, -1, 'N', false, NumericArrayOID, 0, 'b', false, 'i', ',', 'm', 0},
	{RefcursorOID, "refcursor", `refcursor`, -1, 'U', false, RefcursorArrayOID, 0, 'b', false, 'i', ',', 'x', 0},
	{RefcursorArrayOID, "_refcursor", `refcursor[]`, -1, 'A', false, 0, RefcursorOID, 'b', false, 'i', ',', 'x', 0},
	{RegprocedureOID, "regprocedure", `regprocedure`, 4, 'N', false, RegprocedureArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegoperOID, "regoper", `regoper`, 4, 'N', false, RegoperArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegoperatorOID, "regoperator", `regoperator`, 4, 'N', false, RegoperatorArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegclassOID, "regclass", `regclass`, 4, 'N', false, RegclassArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegtypeOID, "regtype", `regtype`, 4, 'N', false, RegtypeArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegprocedureArrayOID, "_regprocedure", `regprocedure[]`, -1, 'A', false, 0, RegprocedureOID, 'b', false, 'i', ',', 'x', 0},
	{RegoperArrayOID, "_regoper", `regoper[]`, -1, 'A', false, 0, RegoperOID, 'b', false, 'i', ',', 'x', 0},
	{RegoperatorArrayOID, "_regoperator", `regoperator[]`, -1, 'A', false, 0, RegoperatorOID, 'b', false, 'i', ',', 'x', 0},
	{RegclassArrayOID, "_regclass", `regclass[]`, -1, 'A', false, 0, RegclassOID, 'b', false, 'i', ',', 'x', 0},
	{RegtypeArrayOID, "_regtype", `regtype[]`, -1, 'A', false, 0, RegtypeOID, 'b', false, 'i', ',', 'x', 0},
	{RecordOID, "record", `record`, -1, 'P', false, RecordArrayOID, 0, 'p', false, 'd', ',', 'x', 0},
	{CstringOID, "cstring", `cstring`, -2, 'P', false, CstringArrayOID, 0, 'p', false, 'c', ',', 'p', 0},
	{AnyOID, "any", `"any"`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{AnyArrayOID, "anyarray", `anyarray`, -1, 'P', false, 0, 0, 'p', false, 'd', ',', 'x', 0},
	{VoidOID, "void", `void`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{TriggerOID, "trigger", `trigger`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{InternalOID, "internal", `internal`, 8, 'P', false, 0, 0, 'p', true, 'd', ',', 'p', 0},
	{AnyElementOID, "anyelement", `anyelement`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{RecordArrayOID, "_record", `record[]`, -1, 'P', false, 0, RecordOID, 'p', false, 'd', ',', 'x', 0},
	{AnyNonArrayOID, "anynonarray", `anynonarray`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{UUIDOID, "uuid", `uuid`, 16, 'U', false, UUIDArrayOID, 0, 'b', false, 'c', ',', 'p', 0},
	{UUIDArrayOID, "_uuid", `uuid[]`, -1, 'A', false, 0, UUIDOID, 'b', false, 'i', ',', 'x', 0},
	{AnyEnumOID, "anyenum", `anyenum`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{JSONBOID, "jsonb", `jsonb`, -1, 'U', false, JSONBArrayOID, 0, 'b', false, 'i', ',', 'x', 0},
	{JSONBArrayOID, "_jsonb", `jsonb[]`, -1, 'A', false, 0, JSONBOID, 'b', false, 'i', ',', 'x', 0},
	{RegnamespaceOID, "regnamespace", `regnamespace`, 4, 'N', false, RegnamespaceArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegnamespaceArrayOID, "_regnamespace", `regnamespace[]`, -1, 'A', false, 0, RegnamespaceOID, 'b', false, 'i', ',', 'x', 0},
	{RegroleOID, "regrole", `regrole`, 4, 'N', false, RegroleArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegroleArrayOID, "_regrole", `regrole[]`, -1, 'A', false, 0, RegroleOID, 'b', false, 'i', ',', 'x', 0},
	{RegcollationOID, "regcollation", `regcollation`, 4, 'N', false, RegcollationArrayOID, 0, 'b', true, 'i', ',', 'p', 0},
	{RegcollationArrayOID, "_regcollation", `regcollation[]`, -1, 'A', false, 0, RegcollationOID, 'b', false, 'i', ',', 'x', 0},
	{Xid8OID, "xid8", `xid8`, 8, 'U', false, Xid8ArrayOID, 0, 'b', true, 'd', ',', 'p', 0},
	{AnyCompatibleOID, "anycompatible", `anycompatible`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
	{AnyCompatibleArrayOID, "anycompatiblearray", `anycompatiblearray`, -1, 'P', false, 0, 0, 'p', false, 'd', ',', 'x', 0},
	{AnyCompatibleNonArrayOID, "anycompatiblenonarray", `anycompatiblenonarray`, 4, 'P', false, 0, 0, 'p', true, 'i', ',', 'p', 0},
}
