// Package txn runs transactions: isolation levels, row, key and table locks,
// savepoints, and the order of commits.
package txn
