package btree

// entry is one slot taken out of a page, its key whole.
type entry struct {
	key
	value    []byte // of a leaf
	inExtent bool
	child    *node // of an inner page
}

func (e entry) len(level int) int { return slotLen + cellHeadLen(level) + e.key.len() + len(e.value) }

// unpack appends p's entries to dst, with keys in memory of their own; values stay
// where they are.
func (p page) unpack(dst []entry, children []*node) []entry {
	pre := p.prefix()
	size := 0
	for i := range p.count() {
		size += len(pre) + p.cellKey(i).len()
	}
	arena := make([]byte, 0, size)
	for i := range p.count() {
		k := p.cellKey(i)
		at := len(arena)
		if i > 0 || p.level() == 0 {
			arena = append(arena, pre...)
		}
		arena = append(append(arena, k.prefix...), k.suffix...)
		end := len(arena)
		mid := end - len(k.suffix)
		e := entry{key: key{arena[at:mid:mid], arena[mid:end:end]}}
		if p.level() == 0 {
			e.value, e.inExtent = p.value(i)
		} else {
			e.child = children[i]
		}
		dst = append(dst, e)
	}
	return dst
}

// commonPrefix is what the prefixes of all entries begin with. They are in order, so
// the first and the last tell. Slot 0 of an inner page has no key.
func commonPrefix(level int, entries []entry) []byte {
	if level > 0 {
		entries = entries[min(1, len(entries)):]
	}
	if len(entries) == 0 {
		return nil
	}
	a, b := entries[0].prefix, entries[len(entries)-1].prefix
	return a[:matching(a, b)]
}

// matching is how many bytes a and b begin with alike.
func matching(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// packedLen is the size of a page that holds the entries.
func packedLen(level int, entries []entry) int {
	pre := len(commonPrefix(level, entries))
	n := pageHeaderLen + pre
	for i, e := range entries {
		n += e.len(level)
		switch {
		case i > 0 || level == 0:
			n -= pre
		default:
			n -= e.key.len()
		}
	}
	return n
}

// pack writes the entries, which fit, into p.
func (p page) pack(level int, entries []entry) {
	pre := commonPrefix(level, entries)
	p.reset(level, pre)
	for i, e := range entries {
		if level == 0 {
			p.insertLeaf(i, key{e.prefix[len(pre):], e.suffix}, e.value, e.inExtent)
			continue
		}
		k := key{}
		if i > 0 {
			k = key{e.prefix[len(pre):], e.suffix}
		}
		p.insert(i, k, 0)
	}
}

// divide cuts the entries into groups that fit a page each: in halves by bytes, as far as
// it takes, the first time before entry cut if that is not 0. Every entry takes less than
// half a page.
func divide(level int, entries []entry, pageBytes int, cut int) [][]entry {
	if cut == 0 {
		if packedLen(level, entries) <= pageBytes {
			return [][]entry{entries}
		}
		total, left := 0, 0
		for _, e := range entries {
			total += e.len(level)
		}
		for cut = 0; cut < len(entries)-1 && (cut == 0 || left < total/2); cut++ {
			left += entries[cut].len(level)
		}
	}
	return append(divide(level, entries[:cut], pageBytes, 0), divide(level, entries[cut:], pageBytes, 0)...)
}

// separator returns the shortest key s with left < s ≤ right.
func separator(left, right key) key {
	n := matching(left.prefix, right.prefix)
	if n == len(right.prefix) { // then also of left: same prefix
		return right
	}
	return key{prefix: right.prefix[:n+1]}
}
