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
// Invariants:
//
//	(1) An Expr is immutable and may be evaluated by many sessions at once; what
//	    an execution needs to remember lives in Ctx or in an Evaluator.
//	(2) Eval and Evaluator.Eval agree; the kernels are the same functions, faster.
//	(3) The type of an expression is fixed by the Resolver; Eval returns a Datum
//	    of that type's physical kind, or NULL.
package expr
