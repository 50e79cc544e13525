package txn

// Span is a range of keys: Lo ≤ key < Hi, scanned downwards if Reverse.
type Span struct {
	Lo, Hi  []byte
	Reverse bool
}

// ReadMode says which versions a scan sees.
type ReadMode int

const (
	// Snapshot sees what Get sees.
	Snapshot ReadMode = iota
	// Current sees what GetCurrent sees.
	Current
	// Latest sees what GetLatest sees.
	Latest
)

// Run is a batch of pairs in key order, valid until the next call of Next on
// the scanner that filled it. Reuse one Run for a whole scan.
type Run struct {
	Keys, Values [][]byte
}

// Len returns the number of pairs.
func (r *Run) Len() int { return len(r.Keys) }

// Scanner walks one span. It keeps the view it was opened with: writes made by
// later statements do not show. Close it before the transaction ends.
type Scanner struct{}

// Scan opens a scanner over span.
func (t *Txn) Scan(span Span, mode ReadMode) (*Scanner, error) { panic("pending") }

// Next refills run with up to max pairs and returns how many; 0 is the end.
func (s *Scanner) Next(run *Run, max int) (n int, err error) { panic("pending") }

// Close releases the scanner. It may be called twice.
func (s *Scanner) Close() { panic("pending") }
