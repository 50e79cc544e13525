package storage

// Run is a batch of pairs in key order. Whoever fills it owns the bytes until
// the next Reset; a reader must not keep them.
type Run struct {
	Keys, Values [][]byte

	arena []byte // the tail of the newest chunk; earlier chunks live through Keys and Values
}

// Len returns the number of pairs.
func (r *Run) Len() int { return len(r.Keys) }

// Reset empties the run and keeps its memory.
func (r *Run) Reset() {
	r.Keys, r.Values = r.Keys[:0], r.Values[:0]
	r.arena = r.arena[:0]
}

// Forget empties the run and keeps only what nobody can have a part of: the bytes may still be read.
func (r *Run) Forget() {
	clear(r.Keys[:cap(r.Keys)])
	clear(r.Values[:cap(r.Values)])
	r.Keys, r.Values, r.arena = r.Keys[:0], r.Values[:0], nil
}

// Append copies a pair to the end of the run.
func (r *Run) Append(key, value []byte) {
	n := len(key) + len(value)
	if cap(r.arena)-len(r.arena) < n {
		// Pairs already in the run keep the old chunk alive; the next Reset
		// starts on the new, larger one.
		r.arena = make([]byte, 0, max(2*cap(r.arena), 2*n, 512))
	}
	at := len(r.arena)
	r.arena = append(append(r.arena, key...), value...)
	mid, end := at+len(key), at+n
	r.Keys = append(r.Keys, r.arena[at:mid:mid])
	r.Values = append(r.Values, r.arena[mid:end:end])
}

// AppendParts is Append of the key prefix ‖ suffix.
func (r *Run) AppendParts(prefix, suffix, value []byte) {
	n := len(prefix) + SuffixLen + len(value)
	if cap(r.arena)-len(r.arena) < n {
		r.arena = make([]byte, 0, max(2*cap(r.arena), 2*n, 512))
	}
	at := len(r.arena)
	mid, end := at+len(prefix)+SuffixLen, at+n
	r.arena = r.arena[:end]
	copy(r.arena[at:], prefix)
	*(*[SuffixLen]byte)(r.arena[mid-SuffixLen:]) = [SuffixLen]byte(suffix) // one store
	copy(r.arena[mid:], value)
	r.Keys = append(r.Keys, r.arena[at:mid:mid])
	r.Values = append(r.Values, r.arena[mid:end:end])
}

// AppendKey copies the key start ‖ rest, and shares the value: the caller guarantees that it
// lives as long as the run's contents.
func (r *Run) AppendKey(start, rest, value []byte) {
	n := len(start) + len(rest)
	if cap(r.arena)-len(r.arena) < n {
		r.arena = make([]byte, 0, max(2*cap(r.arena), 2*n, 512))
	}
	at := len(r.arena)
	r.arena = append(append(r.arena, start...), rest...)
	end := at + n
	r.Keys = append(r.Keys, r.arena[at:end:end])
	r.Values = append(r.Values, value)
}

// AppendShared adds a pair without copying: the caller guarantees that the bytes
// live as long as the run's contents.
func (r *Run) AppendShared(key, value []byte) {
	r.Keys = append(r.Keys, key)
	r.Values = append(r.Values, value)
}

// ReplaceLast makes the last pair (key, value), copied.
func (r *Run) ReplaceLast(key, value []byte) {
	r.Keys, r.Values = r.Keys[:len(r.Keys)-1], r.Values[:len(r.Values)-1]
	r.Append(key, value)
}
