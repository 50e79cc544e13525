package catalog

import "encoding/binary"

// The whole map of the keyspace. Never renumber: these bytes are on disk.
//
//	01 01                          server record (format version)
//	01 02                          last object ID handed out, 4 bytes
//	01 03 <db>                     Database descriptor
//	01 04 <role>                   Role descriptor
//	01 05 <db> 'n' <id>            Schema descriptor
//	01 05 <db> 't' <id>            Table descriptor (tables, views, sequences)
//	01 06 <db> <sequence id>       sequence state
//	01 07 <db> <table id>          table statistics
//	02 <db> <storage> <key>        a row or an index entry; <key> by types' key code
//
// <db>, <id> and <storage> are 4 bytes, big-endian, so one database, and one
// table's rows, are each one contiguous span.
const (
	spaceSystem = 0x01
	spaceData   = 0x02

	sysServer   = 0x01
	sysLastID   = 0x02
	sysDatabase = 0x03
	sysRole     = 0x04
	sysDesc     = 0x05
	sysSequence = 0x06
	sysStats    = 0x07

	descSchema = 'n'
	descTable  = 't'
)

// PrefixLen is the length of the prefix that StoragePrefix puts before a key.
const PrefixLen = 9

// ServerKey is where the server's format record lives.
func ServerKey() []byte { return []byte{spaceSystem, sysServer} }

// LastIDKey is where the last object ID handed out lives.
func LastIDKey() []byte { return []byte{spaceSystem, sysLastID} }

// DatabaseKey is where the descriptor of a database lives.
func DatabaseKey(db ID) []byte { return sysKey(sysDatabase, db) }

// DatabasesSpan covers the descriptors of all databases.
func DatabasesSpan() (lo, hi []byte) {
	return []byte{spaceSystem, sysDatabase}, []byte{spaceSystem, sysDatabase + 1}
}

// RoleKey is where a role lives; RolesSpan covers all of them.
func RoleKey(id ID) []byte { return sysKey(sysRole, id) }

// RolesSpan covers all roles.
func RolesSpan() (lo, hi []byte) {
	return []byte{spaceSystem, sysRole}, []byte{spaceSystem, sysRole + 1}
}

// SchemaKey is where the descriptor of a schema lives.
func SchemaKey(db, id ID) []byte { return descKey(db, descSchema, id) }

// TableKey is where the descriptor of a relation lives.
func TableKey(db, id ID) []byte { return descKey(db, descTable, id) }

// DescriptorsSpan covers all descriptors of a database.
func DescriptorsSpan(db ID) (lo, hi []byte) {
	return sysKey(sysDesc, db), sysKey(sysDesc, db+1)
}

// SequenceKey is where the state of a sequence lives.
func SequenceKey(db, seq ID) []byte {
	return binary.BigEndian.AppendUint32(sysKey(sysSequence, db), uint32(seq))
}

// StatsKey is where the statistics of a table live.
func StatsKey(db, table ID) []byte {
	return binary.BigEndian.AppendUint32(sysKey(sysStats, db), uint32(table))
}

// StoragePrefix appends the prefix of the rows or entries of one storage.
func StoragePrefix(dst []byte, db, storage ID) []byte {
	dst = append(dst, spaceData)
	dst = binary.BigEndian.AppendUint32(dst, uint32(db))
	return binary.BigEndian.AppendUint32(dst, uint32(storage))
}

// IsData reports whether key is a row's or an index entry's.
func IsData(key []byte) bool { return len(key) > 0 && key[0] == spaceData }

// splitPrefix returns what StoragePrefix has put before a key; 0 if that is another's.
func splitPrefix(key []byte) (db, storage ID) {
	if !IsData(key) || len(key) < PrefixLen {
		return 0, 0
	}
	return ID(binary.BigEndian.Uint32(key[1:])), ID(binary.BigEndian.Uint32(key[5:]))
}

// StorageOf returns the prefix that all rows or entries of key's storage have.
func StorageOf(key []byte) []byte { return key[:min(len(key), PrefixLen)] }

// StorageSpan covers all rows or entries of one storage.
func StorageSpan(db, storage ID) (lo, hi []byte) {
	return StoragePrefix(nil, db, storage), StoragePrefix(nil, db, storage+1)
}

// DatabaseDataSpans returns the spans that hold everything of one database but
// its own descriptor, as lo, hi pairs.
func DatabaseDataSpans(db ID) [][2][]byte {
	data := func(db ID) []byte {
		return binary.BigEndian.AppendUint32([]byte{spaceData}, uint32(db))
	}
	return [][2][]byte{
		{sysKey(sysDesc, db), sysKey(sysDesc, db+1)},
		{sysKey(sysSequence, db), sysKey(sysSequence, db+1)},
		{sysKey(sysStats, db), sysKey(sysStats, db+1)},
		{data(db), data(db + 1)},
	}
}

func sysKey(kind byte, id ID) []byte {
	return binary.BigEndian.AppendUint32([]byte{spaceSystem, kind}, uint32(id))
}

func descKey(db ID, kind byte, id ID) []byte {
	return binary.BigEndian.AppendUint32(append(sysKey(sysDesc, db), kind), uint32(id))
}

// DescriptorKind tells what a key of DescriptorsSpan holds: a schema ('n') or a
// relation ('t').
func DescriptorKind(key []byte) byte {
	if len(key) < 7 {
		return 0
	}
	return key[6]
}
