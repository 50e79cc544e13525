// Package anomaly plays transactions against each other, step by step, and says what
// came of it: which of the phenomena that Berenson et al. (1995) and Adya (1999) have named
// happen at which isolation level of a server.
//
//	cases/*.txt ──Parse──▶ Script ──Stage.Play──▶ Played ──▶ Outcome ──▶ Report
//	a user's file ─┘                  │ steps        who waited, what      matrix, timelines:
//	                                  ▼ in order     came back, when       text, markdown, html
//	                    Server: a PostgreSQL-wire server (Wire),
//	                            or an embedded database (the caller's)
//
// A script names sessions and what they do, in order:
//
//	# What goes wrong, and for whom.
//	name: P4
//	title: lost update
//	forbidden: repeatable read                the weakest level that must prevent it
//	edges: t1 -ww-> t2 -rw-> t1               the dependencies, were it to happen
//	setup: create table stock (pieces int)
//	t1: begin                                 a step of session t1
//	t1 reads one: select pieces from stock    a step whose result is kept under a name
//	…
//	happened: :one = 100 and :two = 100       an SQL condition over what was read, and the tables
//
// Controls have "must: commit" instead of the condition: nothing is wrong in them, so no transaction
// may be lost. A script of one's own needs neither: Compare looks for a serial order of what it did.
// A line that is indented goes on with the one before.
//
// Invariants:
//
//	(1) The interleaving is that of the script. The next step starts when every session has
//	    finished its own or waits for one that will not move by itself; who waits for
//	    whom is asked of the server (pg_blocking_pids), not guessed from the time it takes.
//	(2) A step of a session that still waits is played as soon as that session is free.
//	(3) What a transaction has read counts only if it commits: in the conditions, results
//	    of other transactions are NULL.
//	(4) All that is created is in one schema, which is dropped.
package anomaly
