// Package sqlerr is the vocabulary of errors that a user of minisql can see.
//
// Every such error carries a SQLSTATE and PostgreSQL's wording. The rooms below
// types (storage, mvcc, ssi) return plain sentinel errors; the first floor that
// knows what the user was doing turns them into an *Error; pgwire only copies
// the fields out. An error that nobody coded is a bug and reads XX000.
//
// Source of the codes: PostgreSQL 15, appendix A.
package sqlerr
