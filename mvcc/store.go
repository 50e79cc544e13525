package mvcc

// Store is a multi-version key space over one storage engine.
type Store struct{}
