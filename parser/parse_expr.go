package parser

import (
	"math"
	"strconv"

	"github.com/minisql/minisql/sqlerr"
)

// prec is a level of operator precedence, as in PostgreSQL's grammar.
type prec uint8

const (
	precNone prec = iota
	precOr
	precAnd
	precNot
	precIs      // not associative
	precCompare // not associative
	precLike    // BETWEEN, IN, LIKE …: not associative
	precOp      // any other operator
	precAdd
	precMul
	precPow
	precAt // AT TIME ZONE
	precCollate
	precSign // unary + and -
	precCast
	precPrimary
)

// expr reads an expression (a_expr).
func (p *parser) expr() Expr { return p.exprAbove(precNone, false) }

// exprLimited reads the smaller language (b_expr) of places where AND, IN, LIKE
// and IS NULL would be ambiguous: BETWEEN's lower bound, DEFAULT.
func (p *parser) exprLimited() Expr { return p.exprAbove(precNone, true) }

func (p *parser) exprList() []Expr {
	list := append(make([]Expr, 0, 2), p.expr())
	for p.accept(',') {
		list = append(list, p.expr())
	}
	return list
}

// exprAbove reads an expression whose operators bind at least as tightly as low.
func (p *parser) exprAbove(low prec, limited bool) Expr {
	p.enter()
	e := p.infix(p.operand(limited), low, limited)
	p.depth--
	return e
}

// operand reads a prefix operator with its argument, or a primary.
func (p *parser) operand(limited bool) Expr {
	pos := p.tok.pos
	switch p.tok.kind {
	case '+':
		p.advance()
		return &UnaryOp{Pos: pos, Op: "+", Arg: p.exprAbove(precSign, limited)}
	case '-':
		p.advance()
		return negate(pos, p.exprAbove(precSign, limited))
	case tOp:
		op := p.tok.str
		p.advance()
		return &UnaryOp{Pos: pos, Op: op, Arg: p.exprAbove(precOp+1, limited)}
	case tKeyword:
		switch p.tok.kw {
		case kwNot:
			if limited {
				panic(p.unexpected())
			}
			p.advance()
			return &NotExpr{Pos: pos, Arg: p.exprAbove(precNot+1, false)}
		case kwDefault:
			if limited {
				panic(p.unexpected())
			}
			p.advance()
			return &DefaultExpr{Pos: pos}
		case kwOperator:
			if p.peek().kind == '(' {
				schema, op := p.explicitOperator()
				return &UnaryOp{Pos: pos, Schema: schema, Op: op, Arg: p.exprAbove(precOp+1, limited)}
			}
		}
	}
	return p.primary()
}

// explicitOperator reads OPERATOR(schema.op).
func (p *parser) explicitOperator() (schema, op string) {
	p.advance()
	p.expect('(')
	schema, op = p.operatorName()
	p.expect(')')
	return schema, op
}

// negate folds a minus sign into a numeric constant.
func negate(pos int, arg Expr) Expr {
	switch c := arg.(type) {
	case *IntLit:
		c.Pos = pos
		if c.Value == math.MinInt64 {
			return &NumLit{Pos: pos, Text: strconv.FormatUint(1<<63, 10)}
		}
		c.Value = -c.Value
		return c
	case *NumLit:
		text := "-" + c.Text
		if c.Text[0] == '-' {
			text = c.Text[1:]
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return &IntLit{Pos: pos, Value: n}
		}
		return &NumLit{Pos: pos, Text: text}
	}
	return &UnaryOp{Pos: pos, Op: "-", Arg: arg}
}

// infix extends left with the infix and postfix operators that follow and bind
// at least as tightly as low.
func (p *parser) infix(left Expr, low prec, limited bool) Expr {
	for {
		var level prec
		switch p.tok.kind {
		case '<', '>', '=', tLessEq, tGreaterEq, tNotEq:
			level = precCompare
		case '+', '-':
			level = precAdd
		case '*', '/', '%':
			level = precMul
		case '^':
			level = precPow
		case tOp:
			level = precOp
		case tTypecast:
			// Nothing binds tighter, so low does not matter.
			pos := p.tok.pos
			p.advance()
			left = &Cast{Pos: pos, Arg: left, Type: p.typeName()}
			p.chained++
			continue
		case tKeyword:
			next := p.keywordInfix(left, low, limited)
			if next == nil {
				return left
			}
			left = next
			continue
		default:
			return left
		}
		if level < low {
			return left
		}
		pos, op := p.tok.pos, p.tok.str
		p.advance()
		left = p.binary(left, pos, "", op, level, limited)
	}
}

// binary reads what follows an infix operator.
func (p *parser) binary(left Expr, pos int, schema, op string, level prec, limited bool) Expr {
	p.chained++
	if !limited && p.atAny(kwAny, kwSome, kwAll) {
		return p.anyAll(left, pos, schema, op)
	}
	e := &BinaryOp{Pos: pos, Schema: schema, Op: op, Left: left, Right: p.exprAbove(level+1, limited)}
	if level == precCompare {
		switch p.tok.kind {
		case '<', '>', '=', tLessEq, tGreaterEq, tNotEq:
			panic(p.unexpected())
		}
	}
	return e
}

// keywordInfix is infix for the operators that are keywords; nil if the current
// token is none of them, or binds too loosely.
func (p *parser) keywordInfix(left Expr, low prec, limited bool) Expr {
	pos := p.tok.pos
	if p.depth == p.targetDepth && p.endsTarget() {
		return nil
	}
	switch p.tok.kw {
	case kwOperator:
		if precOp < low || p.peek().kind != '(' {
			return nil
		}
		schema, op := p.explicitOperator()
		return p.binary(left, pos, schema, op, precOp, limited)
	case kwIs:
		if precIs < low {
			return nil
		}
		p.chained++
		return p.is(left, limited)
	}
	if limited {
		return nil
	}
	switch p.tok.kw {
	case kwAnd:
		if precAnd < low {
			return nil
		}
		args := []Expr{left}
		if and, ok := left.(*AndExpr); ok {
			args, pos = and.Args, and.Pos
		}
		for p.acceptKw(kwAnd) {
			args = append(args, p.exprAbove(precAnd+1, false))
		}
		return &AndExpr{Pos: pos, Args: args}
	case kwOr:
		if precOr < low {
			return nil
		}
		args := []Expr{left}
		if or, ok := left.(*OrExpr); ok {
			args, pos = or.Args, or.Pos
		}
		for p.acceptKw(kwOr) {
			args = append(args, p.exprAbove(precOr+1, false))
		}
		return &OrExpr{Pos: pos, Args: args}
	case kwIsnull, kwNotnull:
		if precIs < low {
			return nil
		}
		not := p.tok.kw == kwNotnull
		p.advance()
		p.chained++
		return &IsNull{Pos: pos, Arg: left, Not: not}
	case kwNot:
		if precLike < low || !isLikeWord(p.peek().kw) {
			return nil
		}
		p.advance()
		return p.like(left, pos, true)
	case kwBetween, kwIn, kwLike, kwIlike, kwSimilar:
		if precLike < low || p.tok.kw == kwSimilar && p.inSubstring && p.peek().kw != kwTo {
			return nil
		}
		return p.like(left, pos, false)
	case kwAt:
		if precAt < low || p.peek().kw != kwTime {
			return nil
		}
		p.advance()
		p.expectKw(kwTime, kwZone)
		p.chained++
		zone := p.exprAbove(precAt+1, false)
		return systemCall(pos, SyntaxAtTimeZone, "timezone", zone, left)
	case kwCollate:
		if precCollate < low {
			return nil
		}
		p.advance()
		p.chained++
		return &Collate{Pos: pos, Arg: left, Collation: p.qualifiedName()}
	}
	return nil
}

// endsTarget tells, in a target list, whether a keyword that could be an operator
// is a label, because the target ends behind it: SELECT a in FROM t.
func (p *parser) endsTarget() bool {
	switch p.tok.kw {
	case kwAnd, kwOr, kwNot, kwIs, kwBetween, kwIn, kwLike, kwIlike, kwSimilar, kwCollate:
	default:
		return false
	}
	switch next := p.peek(); next.kind {
	case tEOF, ';', ',', ')':
		return keywordTable[p.tok.kw].bareLabel
	case tKeyword:
		switch next.kw {
		case kwFrom, kwInto, kwWhere, kwGroup, kwHaving, kwWindow, kwUnion, kwIntersect, kwExcept, kwOrder, kwLimit,
			kwOffset, kwFetch, kwFor:
			return keywordTable[p.tok.kw].bareLabel
		}
	}
	return false
}

func isLikeWord(kw keyword) bool {
	switch kw {
	case kwBetween, kwIn, kwLike, kwIlike, kwSimilar:
		return true
	}
	return false
}

// is reads IS and what may follow it.
func (p *parser) is(left Expr, limited bool) Expr {
	pos := p.tok.pos
	p.advance()
	not := p.acceptKw(kwNot)
	kw := p.tok.kw
	switch kw {
	case kwDistinct:
		p.advance()
		p.expectKw(kwFrom)
		e := &IsDistinct{Pos: pos, Left: left, Right: p.exprAbove(precIs+1, limited), Not: not}
		if p.atAny(kwIs, kwIsnull, kwNotnull) {
			panic(p.unexpected())
		}
		return e
	case kwDocument:
		panic(refuse(pos, "IS DOCUMENT"))
	}
	if limited {
		panic(p.unexpected())
	}
	switch kw {
	case kwNull:
		p.advance()
		return &IsNull{Pos: pos, Arg: left, Not: not}
	case kwTrue, kwFalse, kwUnknown:
		p.advance()
		test := TestTrue
		switch kw {
		case kwFalse:
			test = TestFalse
		case kwUnknown:
			test = TestUnknown
		}
		return &IsBool{Pos: pos, Arg: left, Test: test, Not: not}
	case kwNfc, kwNfd, kwNfkc, kwNfkd, kwNormalized:
		form := ""
		if kw != kwNormalized {
			form = normalForm(kw)
			p.advance()
		}
		p.expectKw(kwNormalized)
		return &IsNormalized{Pos: pos, Arg: left, Form: form, Not: not}
	}
	panic(p.unexpected())
}

func normalForm(kw keyword) string {
	switch kw {
	case kwNfc:
		return "NFC"
	case kwNfd:
		return "NFD"
	case kwNfkc:
		return "NFKC"
	case kwNfkd:
		return "NFKD"
	}
	return ""
}

// like reads BETWEEN, IN, LIKE, ILIKE or SIMILAR TO; a NOT at pos has been taken.
func (p *parser) like(left Expr, pos int, not bool) Expr {
	var e Expr
	p.chained++
	kw := p.tok.kw
	p.advance()
	switch kw {
	case kwIn:
		return p.in(left, pos, not)
	case kwBetween:
		b := &Between{Pos: pos, Arg: left, Not: not}
		if p.acceptKw(kwSymmetric) {
			b.Symmetric = true
		} else {
			p.acceptKw(kwAsymmetric)
		}
		b.Low = p.exprLimited()
		p.expectKw(kwAnd)
		b.High = p.exprAbove(precLike+1, false)
		e = b
	default:
		l := &Like{Pos: pos, Not: not, Arg: left}
		switch kw {
		case kwIlike:
			l.Kind = LikeILike
		case kwSimilar:
			p.expectKw(kwTo)
			l.Kind = LikeSimilar
		}
		if kw != kwSimilar && p.atAny(kwAny, kwSome, kwAll) {
			op := "~~"
			if kw == kwIlike {
				op = "~~*"
			}
			if not {
				op = "!" + op
			}
			return p.anyAll(left, pos, "", op)
		}
		l.Pattern = p.exprAbove(precLike+1, false)
		if p.acceptKw(kwEscape) {
			l.Escape = p.exprAbove(precLike+1, false)
		}
		e = l
	}
	if isLikeWord(p.tok.kw) || p.atKw(kwNot) && isLikeWord(p.peek().kw) {
		panic(p.unexpected())
	}
	return e
}

func (p *parser) in(left Expr, pos int, not bool) Expr {
	if !p.at('(') {
		panic(p.unexpected())
	}
	query, list := p.parenBody()
	if query != nil {
		return &InSubquery{Pos: pos, Arg: left, Query: query, Not: not}
	}
	return &InList{Pos: pos, Arg: left, List: list, Not: not}
}

// anyAll reads ANY (…), SOME (…) or ALL (…) after an operator.
func (p *parser) anyAll(left Expr, pos int, schema, op string) Expr {
	e := &AnyAll{Pos: pos, Left: left, Schema: schema, Op: op, All: p.atKw(kwAll)}
	p.advance()
	if !p.at('(') {
		panic(p.unexpected())
	}
	if !p.opensSelect() {
		p.advance()
		e.Array = p.expr()
		p.expect(')')
		return e
	}
	query, list := p.parenBody()
	switch {
	case query != nil:
		e.Query = query
	case len(list) == 1:
		e.Array = list[0]
	default:
		panic(wrong(list[1].Position(), "syntax error: ANY and ALL take one array or query"))
	}
	return e
}

// opensSelect tells, at an opening parenthesis, whether a query starts after it
// and any that follow it.
func (p *parser) opensSelect() bool {
	pos := p.tok.pos
	if p.hasRun && p.runFirst <= pos && pos <= p.runLast {
		return p.runSelect
	}
	l := lexer{src: p.lex.src, pos: p.tok.end}
	t := p.tok
	p.hasRun, p.runFirst = true, pos
	for t.kind == '(' {
		p.runLast = t.pos
		t = l.next()
	}
	p.runSelect = t.kw == kwSelect || t.kw == kwWith || t.kw == kwTable || t.kw == kwValues && l.next().kind == '('
	return p.runSelect
}

// parenBody reads (…) with either a query or expressions inside. Which one it is
// can be open for long: ((SELECT 1) + 2) against ((SELECT 1) UNION SELECT 2).
func (p *parser) parenBody() (*SelectStmt, []Expr) {
	p.enter()
	isSelect := p.opensSelect()
	p.expect('(')
	var first Expr
	switch {
	case !isSelect:
		first = p.expr()
	case p.at('('):
		pos := p.tok.pos
		query, list := p.parenBody()
		if query != nil && (p.at(')') || p.atSelectRest()) {
			query = p.selectRest(query)
			p.expect(')')
			p.depth--
			return query, nil
		}
		first = p.infix(p.parenthesised(pos, query, list), precNone, false)
	default:
		query := p.selectNoParens()
		p.expect(')')
		p.depth--
		return query, nil
	}
	list := []Expr{first}
	for p.accept(',') {
		list = append(list, p.expr())
	}
	p.expect(')')
	p.depth--
	return nil, list
}

// parenthesised makes the primary that a parenBody at pos turned out to be, and
// reads what may be attached to it.
func (p *parser) parenthesised(pos int, query *SelectStmt, list []Expr) Expr {
	switch {
	case query != nil:
		return p.indirection(&ScalarSubquery{Pos: pos, Query: query})
	case len(list) == 1:
		return p.indirection(list[0])
	}
	return p.overlaps(&RowExpr{Pos: pos, Args: list})
}

// overlaps reads OVERLAPS after a row, if it is there.
func (p *parser) overlaps(left *RowExpr) Expr {
	if !p.atKw(kwOverlaps) || p.peek().kind != '(' && p.peek().kw != kwRow {
		return left
	}
	p.advance()
	pos := p.tok.pos
	var right []Expr
	if p.acceptKw(kwRow) {
		right = p.rowArgs()
	} else {
		query, list := p.parenBody()
		if query != nil || len(list) < 2 {
			panic(p.unexpected())
		}
		right = list
	}
	if len(left.Args) != 2 {
		panic(wrong(left.Pos, "wrong number of parameters on left side of OVERLAPS expression"))
	}
	if len(right) != 2 {
		panic(wrong(pos, "wrong number of parameters on right side of OVERLAPS expression"))
	}
	return systemCall(left.Pos, SyntaxOverlaps, "overlaps", left.Args[0], left.Args[1], right[0], right[1])
}

// rowArgs reads (a, b) after ROW; it may be empty.
func (p *parser) rowArgs() []Expr {
	p.expect('(')
	var args []Expr
	if !p.at(')') {
		args = p.exprList()
	}
	p.expect(')')
	return args
}

// indirection reads .field, .*, [i] and [lo:hi] after a primary.
func (p *parser) indirection(e Expr) Expr {
	for {
		pos := p.tok.pos
		switch {
		case p.at('['):
			p.chained++
			s := p.subscript()
			if s.Slice {
				e = &Slice{Pos: pos, Arg: e, Low: s.Low, High: s.High}
			} else {
				e = &Subscript{Pos: pos, Arg: e, Index: s.Index}
			}
		case p.at('.'):
			p.chained++
			p.advance()
			if p.accept('*') {
				p.endAtStar()
				return &FieldSelect{Pos: pos, Arg: e, Star: true}
			}
			e = &FieldSelect{Pos: pos, Arg: e, Field: p.label()}
		default:
			return e
		}
	}
}

// endAtStar refuses anything attached to a star.
func (p *parser) endAtStar() {
	if !p.at('.') && !p.at('[') {
		return
	}
	for p.at('.') || p.at('[') {
		if p.at('[') {
			p.subscript()
			continue
		}
		p.advance()
		if !p.accept('*') {
			p.label()
		}
	}
	if p.at(tEOF) {
		panic(wrong(p.tok.pos, "improper use of \"*\" at end of input"))
	}
	panic(bailout{sqlerr.New(sqlerr.SyntaxError, "improper use of \"*\" at or near \"%s\"",
		p.lex.src[p.tok.pos:p.tok.end]).At(p.tok.pos)})
}

// subscript reads [i] or [lo:hi].
func (p *parser) subscript() Indirection {
	s := Indirection{Pos: p.pos()}
	p.expect('[')
	if !p.at(':') {
		s.Index = p.expr()
	}
	if p.accept(':') {
		s.Slice, s.Low, s.Index = true, s.Index, nil
		if !p.at(']') {
			s.High = p.expr()
		}
	}
	p.expect(']')
	return s
}
