package parser

import (
	"strconv"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// isColID tells whether a token may name a column, table or other object.
func isColID(t *token) bool {
	return t.kind == tIdent || t.kind == tKeyword && keywordTable[t.kw].category <= colName
}

// isTypeFuncName tells whether a token may name a function or type.
func isTypeFuncName(t *token) bool {
	if t.kind != tKeyword {
		return t.kind == tIdent
	}
	c := keywordTable[t.kw].category
	return c == unreserved || c == typeFuncName
}

func isNonReserved(t *token) bool {
	return t.kind == tIdent || t.kind == tKeyword && keywordTable[t.kw].category != reserved
}

// isLabel tells whether a token may be a label after AS or a dot.
func isLabel(t *token) bool { return t.kind == tIdent || t.kind == tKeyword }

// isBareLabel tells whether a token may be a column label without AS.
func isBareLabel(t *token) bool {
	return t.kind == tIdent || t.kind == tKeyword && keywordTable[t.kw].bareLabel
}

// take consumes the current token as a name if ok holds.
func (p *parser) take(ok bool) string {
	if !ok {
		panic(p.unexpected())
	}
	name := p.tok.str
	p.advance()
	return name
}

func (p *parser) colID() string        { return p.take(isColID(&p.tok)) }
func (p *parser) label() string        { return p.take(isLabel(&p.tok)) }
func (p *parser) nonReserved() string  { return p.take(isNonReserved(&p.tok)) }
func (p *parser) stringConst() string  { return p.take(p.at(tString)) }
func (p *parser) typeFuncName() string { return p.take(isTypeFuncName(&p.tok)) }

// nameList reads a, b, c.
func (p *parser) nameList() []string {
	names := []string{p.colID()}
	for p.accept(',') {
		names = append(names, p.colID())
	}
	return names
}

// parenNames reads (a, b, c).
func (p *parser) parenNames() []string {
	p.expect('(')
	names := p.nameList()
	p.expect(')')
	return names
}

// optParenNames reads (a, b, c) if it is there.
func (p *parser) optParenNames() []string {
	if !p.at('(') {
		return nil
	}
	return p.parenNames()
}

// qualifiedName reads a name of up to three parts.
func (p *parser) qualifiedName() QName {
	pos := p.tok.pos
	first := p.colID()
	if !p.at('.') {
		return QName{Pos: pos, Name: first}
	}
	return p.qname(pos, p.dotted(first))
}

// dotted reads the rest of a dotted name.
func (p *parser) dotted(first string) []string {
	parts := []string{first}
	for p.accept('.') {
		parts = append(parts, p.label())
	}
	return parts
}

// qname makes a name of its parts.
func (p *parser) qname(pos int, parts []string) QName {
	switch len(parts) {
	case 1:
		return QName{Pos: pos, Name: parts[0]}
	case 2:
		return QName{Pos: pos, Schema: parts[0], Name: parts[1]}
	case 3:
		return QName{Pos: pos, Catalog: parts[0], Schema: parts[1], Name: parts[2]}
	}
	panic(wrong(pos, "improper qualified name (too many dotted names): %s", strings.Join(parts, ".")))
}

func (p *parser) qualifiedNames() []QName {
	names := []QName{p.qualifiedName()}
	for p.accept(',') {
		names = append(names, p.qualifiedName())
	}
	return names
}

// roleName reads a role: a name, CURRENT_USER and its kin, or PUBLIC. The
// special ones are returned as their lower-case words.
func (p *parser) roleName() string {
	if p.atAny(kwCurrentUser, kwCurrentRole, kwSessionUser) {
		name := p.tok.str
		p.advance()
		return name
	}
	if p.atKw(kwNone) {
		panic(bailout{sqlerr.New(sqlerr.ReservedName, "role name \"none\" is reserved").At(p.tok.pos)})
	}
	return p.nonReserved()
}

// intConst reads an integer constant that fits 32 bits.
func (p *parser) intConst() int {
	n, err := strconv.ParseInt(p.tok.str, 10, 32)
	if !p.at(tInt) || err != nil {
		panic(p.unexpected())
	}
	p.advance()
	return int(n)
}

// signedNumber reads a numeric constant with an optional sign, as text.
func (p *parser) signedNumber() string {
	sign := ""
	switch {
	case p.accept('-'):
		sign = "-"
	case p.accept('+'):
	}
	if !p.at(tInt) && !p.at(tNum) {
		panic(p.unexpected())
	}
	text := sign + p.tok.str
	p.advance()
	return text
}

// operatorName reads an operator of any kind, perhaps qualified.
func (p *parser) operatorName() (schema, op string) {
	if isColID(&p.tok) {
		schema = p.colID()
		p.expect('.')
		if isColID(&p.tok) && p.peek().kind == '.' {
			// A catalog before the schema says nothing that the schema does not.
			schema = p.colID()
			p.advance()
		}
	}
	if !p.atOperator() {
		panic(p.unexpected())
	}
	op = p.tok.str
	p.advance()
	return schema, op
}

// atOperator tells whether the current token is an operator (all_Op).
func (p *parser) atOperator() bool {
	switch p.tok.kind {
	case tOp, '+', '-', '*', '/', '%', '^', '<', '>', '=', tLessEq, tGreaterEq, tNotEq:
		return true
	}
	return false
}
