package parser

import (
	"reflect"
	"strings"

	"github.com/minisql/minisql/sqlerr"
)

// maxDepth limits how deep a statement may nest, and how high its tree may
// grow. A level costs this parser about 1 kB of stack, and the tree's readers
// similar amounts.
const maxDepth = 5000

// Parse reads the statements of sql, which are separated by semicolons. Empty
// ones are skipped. If one is wrong, none is returned.
func Parse(sql string) (stmts []Statement, err error) {
	defer catch(&err, func() { stmts = nil })
	if err := checkEncoding(sql); err != nil {
		return nil, err
	}
	p := parser{lex: lexer{src: sql}}
	p.advance()
	for {
		for p.accept(';') {
		}
		if p.at(tEOF) {
			if p.late != nil {
				return nil, p.late
			}
			return stmts, nil
		}
		start := p.tok.pos
		p.chained = 0
		node := p.statement()
		if !p.at(';') && !p.at(tEOF) {
			panic(p.unexpected())
		}
		p.checkHeight(node)
		stmts = append(stmts, Statement{Node: node, Text: sql[start:p.prevEnd], Start: start})
	}
}

// ParseExpr reads one expression, such as a stored default.
func ParseExpr(sql string) (e Expr, err error) {
	defer catch(&err, func() { e = nil })
	if err := checkEncoding(sql); err != nil {
		return nil, err
	}
	p := parser{lex: lexer{src: sql}}
	p.advance()
	e = p.expr()
	p.expect(tEOF)
	p.checkHeight(e)
	if p.late != nil {
		return nil, p.late
	}
	return e, nil
}

// ParseType reads a type name, such as the argument of to_regtype.
func ParseType(sql string) (t TypeName, err error) {
	defer catch(&err, func() { t = TypeName{} })
	if err := checkEncoding(sql); err != nil {
		return t, err
	}
	p := parser{lex: lexer{src: sql}}
	p.advance()
	t = p.typeName()
	p.expect(tEOF)
	return t, p.late
}

// catch turns a bailout into err. Any other panic is a bug and goes on.
func catch(err *error, reset func()) {
	switch r := recover().(type) {
	case nil:
	case bailout:
		reset()
		*err = r.err
	default:
		panic(r)
	}
}

// parser is a recursive descent over tokens with one token of lookahead.
type parser struct {
	lex         lexer
	tok         token // the current token
	ahead       token // the one after, if hasAhead
	hasAhead    bool
	prevEnd     int   // where the token before tok ended
	depth       int   // of nested calls; see enter
	inSubstring bool  // reading SUBSTRING's first argument, which SIMILAR may follow
	late        error // see later
	targetDepth int   // the depth of an expression of a target list; see endsTarget
	chained     int   // operators so far that grew a tree without nesting

	// The last run of opening parentheses that opensSelect looked through.
	runFirst, runLast int
	runSelect         bool
	hasRun            bool
}

// advance moves to the next token.
func (p *parser) advance() {
	p.prevEnd = p.tok.end
	if p.hasAhead {
		p.tok, p.hasAhead = p.ahead, false
		return
	}
	p.tok = p.lex.next()
}

// pos returns where the current token is. As a call it is evaluated in order with
// the calls beside it; reading p.tok.pos beside a call that advances is not.
func (p *parser) pos() int { return p.tok.pos }

// peek returns the token after the current one.
func (p *parser) peek() *token {
	if !p.hasAhead {
		p.ahead, p.hasAhead = p.lex.next(), true
	}
	return &p.ahead
}

func (p *parser) at(kind tokenKind) bool { return p.tok.kind == kind }

func (p *parser) atKw(kw keyword) bool { return p.tok.kw == kw }

// atKws tells whether the current and the next token are these keywords.
func (p *parser) atKws(a, b keyword) bool { return p.tok.kw == a && p.peek().kw == b }

// atAny tells whether the current token is one of the keywords.
func (p *parser) atAny(kws ...keyword) bool {
	for _, kw := range kws {
		if p.tok.kw == kw {
			return true
		}
	}
	return false
}

func (p *parser) accept(kind tokenKind) bool {
	if p.tok.kind == kind {
		p.advance()
		return true
	}
	return false
}

func (p *parser) acceptKw(kw keyword) bool {
	if p.tok.kw == kw {
		p.advance()
		return true
	}
	return false
}

// acceptKws takes two keywords if both are next.
func (p *parser) acceptKws(a, b keyword) bool {
	if p.tok.kw == a && p.peek().kw == b {
		p.advance()
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(kind tokenKind) {
	if !p.accept(kind) {
		panic(p.unexpected())
	}
}

// expectKw takes the keywords one after the other.
func (p *parser) expectKw(kws ...keyword) {
	for _, kw := range kws {
		if !p.acceptKw(kw) {
			panic(p.unexpected())
		}
	}
}

// unexpected is the syntax error at the current token.
func (p *parser) unexpected() bailout {
	if p.at(tEOF) {
		return bailout{sqlerr.New(sqlerr.SyntaxError, "syntax error at end of input").At(p.tok.pos)}
	}
	return bailout{sqlerr.New(sqlerr.SyntaxError, "syntax error at or near \"%s\"",
		p.lex.src[p.tok.pos:p.tok.end]).At(p.tok.pos)}
}

// wrong is another error of class 42601.
func wrong(pos int, format string, args ...any) bailout {
	return bailout{sqlerr.New(sqlerr.SyntaxError, format, args...).At(pos)}
}

// later raises an error once all of the input was read, if nothing worse comes:
// PostgreSQL finds it in its analysis, after the grammar is content.
func (p *parser) later(b bailout) {
	if p.late == nil {
		p.late = b.err
	}
}

// refuse is the error for syntax that is known but has no counterpart here.
func refuse(pos int, format string, args ...any) bailout {
	return bailout{sqlerr.Unsupported(format, args...).At(pos)}
}

// enter counts one level of nesting; the caller lowers depth when it returns.
func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		panic(tooDeep(p.tok.pos))
	}
}

func tooDeep(pos int) bailout {
	return bailout{sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded").
		WithHint("The statement nests deeper than %d levels.", maxDepth).At(pos)}
}

// checkHeight keeps trees that grew by iteration (a+a+a+…) within maxDepth, so
// that their readers may recurse. It looks only when there were so many operators
// that the limit can have been passed.
func (p *parser) checkHeight(n Node) {
	if p.chained > maxDepth {
		checkHeight(reflect.ValueOf(n), n.Position(), 0)
	}
}

func checkHeight(v reflect.Value, pos, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Elem().Kind() != reflect.Struct {
			return
		}
		if depth++; depth > maxDepth {
			panic(tooDeep(pos))
		}
		checkHeight(v.Elem(), pos, depth)
	case reflect.Interface:
		if !v.IsNil() {
			checkHeight(v.Elem(), pos, depth)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			checkHeight(v.Field(i), pos, depth)
		}
	case reflect.Slice:
		if k := v.Type().Elem().Kind(); k == reflect.String || k == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			checkHeight(v.Index(i), pos, depth)
		}
	}
}

// source returns the text from pos to the end of the last token taken.
func (p *parser) source(pos int) string {
	return strings.Clone(p.lex.src[pos:p.prevEnd])
}
