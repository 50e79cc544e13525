// Package shell is the interactive terminal of minisql: what psql is to a server,
// on a database that this process has open.
//
//	lines ──scanner──▶ statements ──session──▶ results ──table──▶ text
//	(terminal,   │                     ▲
//	 -f, pipe)   └─────▶ backslash ────┘  \d asks the catalog with psql's queries
//	                     commands
//
// In comes text, line by line, from a terminal, a file or a pipe; out goes the text
// psql 15 would print, byte for byte: results and command tags on standard output,
// errors and notices on standard error. The shell is one goroutine; a second one
// only turns SIGINT into a cancel of the running statement.
//
// Invariants:
//
//	(1) No error of a statement ends an interactive shell; only \q and the end of
//	    its input do.
//	(2) What an inactive branch of \if holds has no effect: no statement is run, no
//	    variable is read, no command but those of \if is obeyed.
//	(3) The data of COPY FROM STDIN is taken from the input that had the command, up
//	    to \. and also what is left after COPY has failed at some line of it.
//	(4) A script whose \c has failed ends there: what follows was not meant for the
//	    database that it was connected to before.
package shell
