// Package planner turns a syntax tree into a physical plan.
//
//	parser.Stmt
//	   │ bind_*.go     names → ColIDs, types, overloads; errors as PostgreSQL words them
//	   ▼
//	logical.go         what is computed: get, join, aggregate, sort …
//	   │ rules.go      an ordered list of rewrites, one a file (rule_*.go)
//	   ▼
//	logical, better
//	   │ build.go      how: access.go chooses indexes, join.go the order and kind of
//	   │               joins, join_merge.go how to merge, cost.go estimates
//	   ▼
//	plan.go            Plan: immutable, shared by sessions; explain.go prints it
//
// A column is named by a ColID that is unique in the whole statement, so an
// operator can move without its expressions being rewritten; only when the
// physical plan is made do columns become places in their input's row. A ColID
// that an operator mentions and none of its inputs makes is free: it belongs to an
// outer query or to the left side of a lateral join, and arrives at run time in
// an Exec place (see expr.Ctx).
//
// Who may call: exec, and the root package for EXPLAIN. What must always be true:
//
//	(1) Binding never looks at data, only at the catalog it is given.
//	(2) A rule keeps the meaning of the plan, NULLs and duplicates included.
//	(3) Building a physical plan does not change the logical one, so alternatives
//	    can be built and compared.
//	(4) A plan holds for one version of the catalog and one state of the settings
//	    in Env; the caller drops it when they move.
package planner
