package parser

import (
	"strconv"
	"strings"
)

// Literal is a constant that Normalize lifted out of a statement.
type Literal struct {
	Kind  LiteralKind
	Value string // the digits, or the string's value
}

// LiteralKind is the lexical kind of a literal. It decides the type the constant
// would have had, so two statements are the same only if the kinds agree too.
type LiteralKind uint8

// The kinds of literals.
const (
	LiteralInt4   LiteralKind = iota // an integer that fits 32 bits
	LiteralInt8                      // one that fits 64
	LiteralNum                       // any other number: numeric
	LiteralString                    // a string of unknown type
)

// literalsMax limits the literals of one key: beyond it, statements are bulk loads
// that do not come again.
const literalsMax = 64

// Normalize replaces the constants of a SELECT, INSERT, UPDATE or DELETE by
// parameters, so that statements that differ only in constants share a key. The
// key is SQL with $1, $2 … in the literals' order; with the literals' kinds it
// identifies a plan. It works on tokens alone and is for caches that try it before
// parsing, so ok is false, rather than an error, for text that it does not
// understand, and wherever a constant may mean more than its value.
//
// Constants stay in the key where a parameter would change the meaning: after a
// type name, in type modifiers, in ORDER BY (where 1 is a column), and next to the
// few keywords that demand a constant.
func Normalize(sql string) (key string, literals []Literal, ok bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case bailout:
			key, literals, ok = "", nil, false
		default:
			panic(r)
		}
	}()
	n := normalizer{lex: lexer{src: sql}}
	if !n.run() {
		return "", nil, false
	}
	return n.key.String(), n.literals, true
}

type normalizer struct {
	lex      lexer
	key      strings.Builder
	literals []Literal
	prev     token // the token before the current one
	prev2    token // the one before that
	prev3    token // and before that

	depth   int  // of parentheses
	keepAt  int  // > 0: constants stay while depth ≥ keepAt
	orderAt int  // > 0: in an ORDER BY at depth orderAt-1
	inType  bool // a type name is being written, after :: or AS
}

func (n *normalizer) run() bool {
	t := n.lex.next()
	switch t.kw {
	case kwSelect, kwInsert, kwUpdate, kwDelete, kwWith:
	default:
		return false
	}
	n.key.Grow(len(n.lex.src) + 8)
	for ; t.kind != tEOF; t = n.lex.next() {
		if t.kind == ';' {
			// Only blanks may follow the end of the statement.
			return n.lex.next().kind == tEOF && n.literals != nil
		}
		if n.key.Len() > 0 {
			n.key.WriteByte(' ')
		}
		if !n.token(&t) {
			return false
		}
		n.prev3, n.prev2, n.prev = n.prev2, n.prev, t
	}
	return n.literals != nil
}

// token writes one token to the key; false if the statement is not for us.
func (n *normalizer) token(t *token) bool {
	closedType := false // a type's modifiers or bounds end here, and more may follow
	switch t.kind {
	case tParam, tBits:
		return false
	case '(', '[':
		n.depth++
		if n.keepAt == 0 && (n.opensModifiers() || t.kind == '[' && n.inType) {
			n.keepAt = n.depth
		}
	case ')', ']':
		n.depth--
		if n.depth < n.keepAt {
			n.keepAt = 0
			closedType = true
		}
		if n.depth < n.orderAt-1 {
			n.orderAt = 0
		}
	case tInt, tNum, tString:
		if n.keepAt == 0 && n.orderAt == 0 && n.liftable(t) {
			return n.lift(t)
		}
		if t.kind == tString && n.prev.kind == ')' {
			return false // f(1) '…' is a constant of type f(1)
		}
	case tKeyword:
		if !n.keyword(t) {
			return false
		}
	}
	n.inType = closedType || t.kind == tTypecast || t.kw == kwAs || n.inType && t.kw == kwArray ||
		n.inType && (t.kind == tIdent || t.kind == '.' || t.kind == tKeyword && keywordTable[t.kw].category != reserved)
	n.key.WriteString(n.lex.src[t.pos:t.end])
	return true
}

// keyword watches for the clauses in which constants mean more than their value.
func (n *normalizer) keyword(t *token) bool {
	switch t.kw {
	case kwNchar:
		return t.end-t.pos > 1 // N'…' must not be torn apart
	case kwGroup, kwDistinct, kwGrouping:
		// Grouped and distinct expressions are compared with those of the select
		// list, which different parameters would make unequal.
		return false
	case kwInto:
		return n.prev.kw == kwInsert
	case kwOrder:
		if n.orderAt == 0 {
			n.orderAt = n.depth + 1
		}
	case kwLimit, kwOffset, kwFetch, kwFor, kwUnion, kwExcept, kwIntersect, kwRows, kwRange, kwGroups, kwReturning:
		if n.orderAt == n.depth+1 {
			n.orderAt = 0
		}
	}
	return true
}

// opensModifiers tells whether the current parenthesis encloses the modifiers of
// a type, or the precision of a time.
func (n *normalizer) opensModifiers() bool {
	if n.inType && n.prev.kind != tTypecast && n.prev.kw != kwAs {
		return true
	}
	switch n.prev.kw {
	case kwNumeric, kwDecimal, kwDec, kwFloat, kwChar, kwCharacter, kwVarchar, kwNchar, kwBit, kwVarying, kwTime,
		kwTimestamp, kwInterval, kwSecond, kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp,
		kwExtract:
		return true
	}
	return false
}

// liftable tells whether a parameter may stand in the place of the constant t.
func (n *normalizer) liftable(t *token) bool {
	switch n.prev.kw {
	case kwEscape, kwZone, kwUescape, kwInterval, kwFirst, kwNext:
		return false
	}
	if t.kind == tString {
		// After a name, a string is a constant of that type.
		switch n.prev.kind {
		case tIdent, ')', ']':
			return false
		case tKeyword:
			switch n.prev.kw {
			case kwLike, kwIlike, kwBetween: // operators if an operand is before them, else names
				return endsOperand(&n.prev2) || n.prev2.kw == kwNot && endsOperand(&n.prev3)
			}
			return keywordTable[n.prev.kw].category == reserved && n.prev2.kind != '.' // t.order is a name
		}
		return true
	}
	if n.prev.kind != '-' {
		return n.prev.kind != '+' || n.prev2.kw != kwFirst && n.prev2.kw != kwNext
	}
	if n.prev2.kw == kwFirst || n.prev2.kw == kwNext {
		return false // FETCH FIRST takes a sign before a constant only
	}
	// The sign is part of the constant: the smallest integers must not turn into
	// the negation of a wider type.
	return numberKind(t) == LiteralInt4
}

// endsOperand tells whether a token is the end of an operand for sure.
func endsOperand(t *token) bool {
	switch t.kind {
	case tIdent, tString, tInt, tNum, ')', ']':
		return true
	}
	return false
}

func numberKind(t *token) LiteralKind {
	if t.kind == tInt {
		if v, err := strconv.ParseInt(t.str, 10, 64); err == nil {
			if v < 1<<31 {
				return LiteralInt4
			}
			return LiteralInt8
		}
	}
	return LiteralNum
}

func (n *normalizer) lift(t *token) bool {
	if len(n.literals) == literalsMax {
		return false
	}
	l := Literal{Kind: LiteralString, Value: t.str}
	if t.kind != tString {
		l.Kind = numberKind(t)
	}
	n.literals = append(n.literals, l)
	n.inType = false
	n.key.WriteByte('$')
	n.key.WriteString(strconv.Itoa(len(n.literals)))
	return true
}
