// Package expr is bound expressions: what a scalar of SQL means once its names
// are resolved and its types are known.
//
//	planner ── Resolver: overloads, casts, literals ──▶ Expr (immutable, shared)
//	exec ── Expr.Eval(ctx, batch, row) ──▶ one Datum
//	     ── Evaluator.Eval(ctx, batch) ──▶ a vector, by typed kernels where there are some
//
// One evaluator serves every use: queries, CHECK, DEFAULT, generated columns,
// index expressions and constant folding.
//
// Files: op_*.go are operators, func_*.go functions and agg_*.go aggregates, one
// family each, written as SQL signatures beside Go functions (func_define.go,
// agg_define.go); func_system.go lists those that the session answers. A test
// holds every signature against pg_proc and pg_operator, and the golden files of
// package planner hold the results against PostgreSQL 15.
//
// Invariants:
//
//	(1) An Expr is immutable and may be evaluated by many sessions at once; what
//	    an execution needs to remember lives in Ctx or in an Evaluator.
//	(2) Eval and Evaluator.Eval agree; the kernels are the same functions, faster.
//	(3) The type of an expression is fixed by the Resolver; Eval returns a Datum
//	    of that type's physical kind, or NULL.
package expr
