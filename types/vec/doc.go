// Package vec holds columns of values, the form in which operators hand rows to
// each other: one typed slice per column instead of one Datum per value.
//
//	Batch  Sel = [0 2]            rows 0 and 2 are alive
//	┌──────────┬─────────┐
//	│ Ints     │ Buf     │   row i of column c is Cols[c].Get(i)
//	│ Offs     │         │
//	│ Nulls    │         │   NULL: bit i of Nulls is set and the slot is zero or empty
//	└──────────┴─────────┘
//
// Invariants:
//
//	(1) Exactly the slices of the vector's physical kind are in use; each has Len()
//	    entries (Offs has one more).
//	(2) A vector has at most MaxRows entries.
//	(3) Reset keeps the memory: after the first batches nothing is allocated. So what
//	    aliases a vector (Bytes, View) dies at the next Reset.
//	(4) If HasNulls is false, no bit of Nulls is set.
package vec
