// Package parser turns SQL text in PostgreSQL 15's dialect into a syntax tree,
// and a syntax tree back into text.
//
//	text ──Parse──▶ []Statement{Node, Text, Start} ──Format──▶ text
//	  │
//	  └──Normalize──▶ (key with $n for literals, literals)   statement cache
//
// Inside, bytes rise through three layers, each in files of that name:
//
//	lex_*.go    bytes → tokens     PostgreSQL's scan.l; no allocation per token
//	parse_*.go  tokens → tree      recursive descent, one file per statement family;
//	                               expressions by precedence climbing
//	ast*.go     the tree           what the planner reads; name.go names its columns
//	format_*.go tree → text        the inverse of parse
//
// What enters is anything a client sends. What leaves is either a tree or a
// *sqlerr.Error in PostgreSQL's wording with its position. Nothing here looks at
// a catalog: a tree may name tables, types and functions that do not exist.
//
// Invariants:
//
//	(1) No input panics, and none grows the stack without bound: nesting deeper
//	    than maxDepth, and trees higher than that, are refused with 54001.
//	(2) Parse(Format(n)) equals n but for positions. Stored defaults, checks and
//	    view definitions rely on it.
//	(3) Every node's Pos is the 0-based byte offset at which PostgreSQL would point
//	    for an error about that node.
//	(4) Nothing that was written is dropped silently: a clause is in the tree, or
//	    the statement is refused with 0A000 naming it. Exceptions are noise words
//	    that PostgreSQL ignores too (GLOBAL, ASYMMETRIC, OUTER …).
//	(5) A tree is immutable once Parse returned it; plans and caches share it.
package parser
