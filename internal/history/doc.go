// Package history runs random transactions against a database and finds out from what their
// clients saw whether they could have run one after another.
//
//	Run ──begin, reads, appends, commit──▶ sessions      Txn: what it read, what it wrote, how it ended
//	 └──────────────▶ History ──Edges──▶ ww, wr, rw ──Cycles──▶ G0 · G1c · G-single · G2
//
// What enters: a way to open sessions, which may be embedded or over a wire and may break down
// at any time. What leaves: the cycles. Only tests import it.
//
// Schedules does the reverse: it plays interleavings of which it is known beforehand how many
// transactions have to fail, and counts how many do.
//
// # How dependencies are seen from outside
//
// As in Elle (Kingsbury and Alvaro 2020): every write is unique and leaves a trace in what it wrote.
//
//	lists   a transaction appends its number to a list. The longest list read of a key is the
//	        order of its writers; a shorter one read tells what its reader saw and what not.
//	items   a transaction inserts a row into a group, and others select groups: who finds the row
//	        is after its writer (wr), who does not is before (rw). Nothing is deleted, so
//	        this shows phantoms exactly.
//
// A transaction whose commit was not answered counts as committed if anybody saw its writes.
//
// # Anomalies
//
//	G1a       somebody saw a write of a transaction that was rolled back
//	G0        a cycle of ww edges
//	G1c       a cycle of ww and wr edges
//	G-single  a cycle with one rw edge (read skew, lost update)
//	G2        a cycle with more (write skew, phantom skew)
package history
