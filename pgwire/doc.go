// Package pgwire serves a database over PostgreSQL's wire protocol, version 3.
//
//	socket ─▶ input ─▶ conn ─▶ minisql.Protocol (Parse, Bind, Portal.Next, Sync)
//	socket ◀─ output ◀─ rows of a batch, straight into the buffer
//
//	startup:  SSLRequest → N · CancelRequest · StartupMessage → authentication
//	          → ParameterStatus … BackendKeyData ReadyForQuery
//	simple:   Query → (RowDescription DataRow… CommandComplete)… ReadyForQuery
//	extended: Parse Bind Describe Execute Close … Sync → ReadyForQuery
//	copy:     CopyInResponse → CopyData… CopyDone | CopyFail
//
// Client messages are decoded by pgx's pgproto3; what the server sends is written
// here, because a row must not cost an allocation. A connection is one goroutine that
// reads a message, runs it and writes the answer itself: there is no hand-over on the
// way of a query, and so a client that is gone is noticed at the next read or write.
//
// Invariants:
//
//	(1) Nothing that a client sends panics or takes memory before it has arrived:
//	    message buffers grow with the bytes received, not with the length announced.
//	(2) A panic costs one connection.
//	(3) Output is flushed at ReadyForQuery, at Flush, before waiting for the client
//	    in COPY, and when the buffer is full; never else.
//	(4) While a connection waits for its client, it holds no large buffer.
//	(5) After an error in the extended protocol, messages are skipped until Sync.
//	(6) CommandComplete of the last statement of a Query, and ReadyForQuery after Sync,
//	    are written after the commit.
package pgwire
