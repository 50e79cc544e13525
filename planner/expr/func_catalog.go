package expr

// Catalog functions that dump programs call; the session answers them.
func init() {
	defSystem("acldefault(char, oid) _aclitem").Vol = Immutable
	defSystem("pg_get_viewdef(oid, int4) text").Vol = Stable
}
