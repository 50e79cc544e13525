// Package engines runs a test on every storage engine, so that none is tested less than
// another.
//
//	func TestX(t *testing.T) { engines.Each(t, testX) }
//
//	func testX(t *testing.T, on engines.Engine) {
//		e, err := on.Open(vfs.NewMem(), "db")
//
// What enters: tests, of any floor; what leaves: their subtests btree and lsm, and
// engines with so little memory that small tests reach the files. Only tests import it.
//
// Invariant: golden files belong to all engines. Golden writes them, the others compare.
package engines
