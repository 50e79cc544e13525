// Package types is the vocabulary of values: what a PostgreSQL type is, how a
// value of it is held in memory, and how it is written as text, as wire binary,
// as an ordered key and as part of a stored row.
//
//	  text  ──ParseText──▶  ┌───────┐ ──AppendText──▶   text
//	binary ──ParseBinary─▶  │ Datum │ ──AppendBinary─▶  binary
//	   key ──DecodeKey───▶  └───────┘ ──AppendKey────▶  key    order of bytes = order of values
//	   row ──RowDecoder──▶    ▲   │   ──RowEncoder───▶  row    one column reached without the others
//	                          │   ▼
//	                 Cast · Compare · Hash · arithmetic
//
// A Type is an OID with a typmod; a Datum is a value that does not carry its
// type. The type decides the physical kind (PhysOf) and the meaning of the bits:
//
//	Phys    types                                                  held as
//	Bool    bool                                                   n (0, 1)
//	Int     int2 int4 int8 oid reg* xid xid8 cid tid "char"        n
//	        date (days), time, timestamp, timestamptz (µs)         n, from 2000-01-01
//	Float   float4 float8                                          n (bits of a float64)
//	Bytes   text varchar bpchar name json bytea uuid unknown …     s
//	Any     numeric interval timetz arrays records                 n, m, s, x
//
// Invariants:
//
//	(1) A Datum handed to a function here has the kind its type asks for, or is
//	    NULL; the caller guarantees it, since the planner typed the expression.
//	(2) Bytes from outside (text, binary, keys, rows) may be anything: they give
//	    a Datum or an error and never a panic.
//	(3) Compare(a, b) == 0 ⇒ Hash(a) == Hash(b) and the keys of a and b are equal;
//	    bytes.Compare of two keys has the sign of Compare.
//	(4) Tags and layouts of keys and rows are frozen: they are on disk.
//
// Errors a user can see are *sqlerr.Error in PostgreSQL's wording. Text is UTF-8
// and sorts bytewise (collation "C").
//
// Where PostgreSQL 15 computes with the number behind infinity (age), lets an integer wrap
// (make_interval, a very long span between timestamps), or reads a date around rubbish
// ("infinity feb"), this package refuses; so do later versions of PostgreSQL. All else
// in testdata, some 18,000 expressions, has PostgreSQL's answer or its error.
//
// Sub-package vec holds columns of values: what operators pass to each other.
package types
