package exec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/catalog/pgcatalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/planner"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/types"
)

// deparser writes stored SQL as PostgreSQL's ruleutils.c does: with the types of
// literals, implicit conversions of operands, and all parentheses or, if pretty,
// those that are needed. What is stored is what the user wrote; so it is bound
// again first, and the bound tree is written. SQL that no longer binds is shown as
// it is stored.
type deparser struct {
	s      *Session
	cat    *catalog.Catalog
	pretty bool

	b      strings.Builder
	trace  *planner.Trace
	scope  *deparseScope // of the query being written; nil for a table's expressions
	single bool          // column names stand alone
	indent int
	path   []string // search path of the stored query; nil is the session's
}

func (d *deparser) env() *planner.Env {
	path := d.path
	if path == nil {
		path = d.s.settings.searchPath
	}
	return &planner.Env{Catalog: d.cat, SearchPath: path, Format: d.s.format, Trace: d.trace}
}

// expr writes one stored expression over the columns of t, which is nil if there
// are none.
func (d *deparser) expr(t *catalog.Table, sql string) string {
	ast, err := parser.ParseExpr(sql)
	if err != nil {
		return sql
	}
	var to *types.Type
	if t != nil && slices.ContainsFunc(t.Checks, func(c *catalog.Check) bool { return c.Expr == sql }) {
		boolean := types.BoolOID.Type()
		to = &boolean
	}
	return d.exprAST(t, ast, sql, to)
}

// defaultOf writes the default, or the generation expression, of a column, which is
// converted to the column's type.
func (d *deparser) defaultOf(t *catalog.Table, slot int) string {
	c := &t.Columns[slot]
	sql := c.Default
	if c.Generated != "" {
		sql = c.Generated
	}
	ast, err := parser.ParseExpr(sql)
	if err != nil {
		return sql
	}
	return d.exprAST(t, ast, sql, &c.Type)
}

func (d *deparser) exprAST(t *catalog.Table, ast parser.Expr, sql string, to *types.Type) string {
	n := &deparser{s: d.s, cat: d.cat, pretty: d.pretty, trace: planner.NewTrace(), single: true}
	if t == nil {
		t = &catalog.Table{}
	}
	x, err := planner.BindRowExpr(n.env(), t, ast, "stored expressions", to)
	if err != nil {
		return sql
	}
	if top := n.trace.Bound[ast]; top != nil && top.Type().OID != types.UnknownOID {
		x = top
	}
	n.write(x, false)
	return n.b.String()
}

// exprs writes what a column of type pg_node_tree has: a default, an expression, or a
// list of them as in pg_index.indexprs.
func (d *deparser) exprs(t *catalog.Table, sql string) string {
	if slot, ok := pgcatalog.DefaultOf(sql); ok && t != nil && slot >= 0 && slot < len(t.Columns) {
		return d.defaultOf(t, slot)
	}
	stmts, err := parser.Parse("SELECT " + sql)
	if err != nil || len(stmts) != 1 {
		return sql
	}
	q, ok := stmts[0].Node.(*parser.SelectStmt)
	if !ok || len(q.Targets) < 2 {
		return d.expr(t, sql)
	}
	var parts []string
	for _, target := range q.Targets {
		parts = append(parts, d.exprAST(t, target.Expr, parser.Format(target.Expr), nil))
	}
	return strings.Join(parts, ", ")
}

func (d *deparser) str(s string) { d.b.WriteString(s) }

// open and shut write the parentheses that only the exact form has.
func (d *deparser) open() {
	if !d.pretty {
		d.b.WriteByte('(')
	}
}

func (d *deparser) shut() {
	if !d.pretty {
		d.b.WriteByte(')')
	}
}

// word starts a new line with a keyword (appendContextKeyword).
func (d *deparser) word(s string, before, after, plus int) {
	d.indent += before
	text := strings.TrimRight(d.b.String(), " ")
	d.b.Reset()
	d.str(text)
	d.str("\n" + strings.Repeat(" ", max(d.indent, 0)+plus))
	d.str(s)
	d.indent = max(d.indent+after, 0)
}

// Indentation in columns, as in ruleutils.c.
const (
	indentStd  = 8
	indentJoin = 4
	indentVar  = 4
)

// list writes expressions with implicit casts between commas.
func (d *deparser) list(es []expr.Expr) {
	for i, e := range es {
		if i > 0 {
			d.str(", ")
		}
		d.write(e, true)
	}
}

// paren writes an operand, in parentheses if pretty and parent binds tighter.
func (d *deparser) paren(e expr.Expr, implicit bool, parent expr.Expr) {
	if !implicit {
		e = d.strip(e)
	}
	if d.pretty && !d.simple(e, parent) {
		d.b.WriteByte('(')
		d.write(e, implicit)
		d.b.WriteByte(')')
		return
	}
	d.write(e, implicit)
}

// strip takes casts away that nobody wrote.
func (d *deparser) strip(e expr.Expr) expr.Expr {
	for {
		c, ok := e.(*expr.Cast)
		if !ok || c.Explicit {
			return e
		}
		e = c.Arg
	}
}

// binaryOp is the symbol if e is a binary operator of one character.
func binaryOp(e expr.Expr) byte {
	if c, ok := e.(*expr.Call); ok && len(c.Args) == 2 && len(c.Op) == 1 {
		return c.Op[0]
	}
	return 0
}

// simple reports whether e needs no parentheses inside parent (isSimpleNode).
func (d *deparser) simple(e, parent expr.Expr) bool {
	if _, ok := d.trace.Collations[e]; ok {
		return false
	}
	if _, ok := d.trace.Origin[e].(*parser.SessionValue); ok {
		return true
	}
	switch x := e.(type) {
	case *expr.Const, *expr.Col, *expr.Param, *expr.CaseSlot, *expr.Subscript, *expr.Array, *expr.Row, *expr.Coalesce,
		*expr.MinMax, *expr.NullIf, *expr.Case:
		return true
	case *expr.Field:
		_, nested := parent.(*expr.Field)
		return !nested
	case *expr.Cast:
		if d.isFunctionCast(x) {
			return true
		}
		return d.simple(x.Arg, x)
	case *expr.Call:
		if x.Op == "" {
			return true
		}
		if p, ok := parent.(*expr.Call); ok && p.Op != "" {
			op, of := binaryOp(x), binaryOp(p)
			low := func(c byte) bool { return c == '+' || c == '-' }
			high := func(c byte) bool { return c == '*' || c == '/' || c == '%' }
			switch {
			case !low(op) && !high(op), !low(of) && !high(of):
				return false
			case high(op) && low(of):
				return true
			case low(op) && high(of):
				return false
			}
			return p.Args[0] == e
		}
		return inSeparators(parent, true)
	case *expr.Subplan, *expr.IsNull, *expr.BoolTest, *expr.Distinct:
		return inSeparators(parent, true)
	case *expr.Not, *expr.And:
		switch parent.(type) {
		case *expr.And, *expr.Or:
			return true
		}
		return inSeparators(parent, false)
	case *expr.Or:
		if _, ok := parent.(*expr.Or); ok {
			return true
		}
		return inSeparators(parent, false)
	}
	return false
}

// isFunctionCast: PostgreSQL implements this cast by a function, which its
// printer takes for simple. A Const's own type never needs one.
func (d *deparser) isFunctionCast(c *expr.Cast) bool {
	if c.Arg.Type().OID == c.To.OID {
		return true // a length coercion
	}
	switch types.Category(c.Arg.Type().OID) {
	case 'N':
		return types.Category(c.To.OID) == 'N'
	case 'D', 'T':
		return types.Category(c.To.OID) == 'D' || types.Category(c.To.OID) == 'T'
	}
	return false
}

// inSeparators reports whether parent itself separates its operands.
func inSeparators(parent expr.Expr, bools bool) bool {
	switch p := parent.(type) {
	case *expr.Call:
		return p.Op == ""
	case *expr.And, *expr.Or, *expr.Not:
		return bools
	case *expr.Subscript, *expr.Array, *expr.Row, *expr.Coalesce, *expr.MinMax, *expr.NullIf, *expr.Case:
		return true
	}
	return false
}

// write writes e; implicit casts are shown only where operators and functions
// depend on them.
func (d *deparser) write(e expr.Expr, implicit bool) {
	if name, ok := d.trace.Collations[e]; ok {
		delete(d.trace.Collations, e) // it is written once: what is inside comes without
		d.open()
		d.paren(e, implicit, e)
		d.str(" COLLATE " + expr.QuoteIdent(name.Name))
		d.shut()
		d.trace.Collations[e] = name
		return
	}
	if v, ok := d.trace.Origin[e].(*parser.SessionValue); ok {
		d.str(strings.ToUpper(v.Name))
		if v.Precision >= 0 {
			d.str("(" + strconv.Itoa(v.Precision) + ")")
		}
		return
	}
	switch x := e.(type) {
	case nil:
	case *expr.Const:
		d.constant(x, true)
	case *expr.Col:
		d.column(x)
	case *expr.Param:
		d.str("$" + strconv.Itoa(x.Idx+1))
	case *expr.CaseSlot:
	case *expr.Call:
		d.call(x)
	case *expr.Cast:
		d.cast(x, implicit)
	case *expr.And:
		d.bools(x.Args, " AND ", x)
	case *expr.Or:
		d.bools(x.Args, " OR ", x)
	case *expr.Not:
		if d.notBetween(x) {
			return
		}
		d.open()
		d.str("NOT ")
		if in, ok := d.trace.Origin[x].(*parser.InSubquery); ok {
			d.trace.Origin[x.Arg] = in
		}
		d.paren(x.Arg, false, x)
		d.shut()
	case *expr.IsNull:
		d.open()
		d.paren(x.Arg, true, x)
		if x.Not {
			d.str(" IS NOT NULL")
		} else {
			d.str(" IS NULL")
		}
		d.shut()
	case *expr.BoolTest:
		d.open()
		d.paren(x.Arg, false, x)
		d.str(" IS ")
		if x.Not {
			d.str("NOT ")
		}
		d.str(map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[x.Want])
		d.shut()
	case *expr.Distinct:
		if x.Not {
			d.open()
			d.str("NOT ")
		}
		d.open()
		d.paren(x.Eq.Args[0], true, x)
		d.str(" IS DISTINCT FROM ")
		d.paren(x.Eq.Args[1], true, x)
		d.shut()
		if x.Not {
			d.shut()
		}
	case *expr.Case:
		d.caseWhen(x)
	case *expr.Coalesce:
		d.str("COALESCE(")
		d.list(x.Args)
		d.str(")")
	case *expr.MinMax:
		if x.Greatest {
			d.str("GREATEST(")
		} else {
			d.str("LEAST(")
		}
		d.list(x.Args)
		d.str(")")
	case *expr.NullIf:
		d.str("NULLIF(")
		d.list(x.Eq.Args)
		d.str(")")
	case *expr.InList:
		d.inList(x)
	case *expr.AnyAll:
		d.open()
		d.paren(x.Arg, true, x)
		d.str(" " + x.Op)
		if x.All {
			d.str(" ALL (")
		} else {
			d.str(" ANY (")
		}
		d.paren(x.Array, true, x)
		d.str(")")
		d.shut()
	case *expr.Array:
		d.str("ARRAY[")
		d.list(x.Items)
		d.str("]")
		if len(x.Items) == 0 {
			d.str("::" + x.Typ.String())
		}
	case *expr.Row:
		d.str("ROW(")
		d.list(x.Items)
		d.str(")")
	case *expr.RowCompare:
		d.str("(ROW(")
		d.list(x.Left)
		d.str(") " + x.Op + " ROW(")
		d.list(x.Right)
		d.str("))")
	case *expr.Field:
		d.str("(")
		d.write(x.Arg, true)
		d.str(")." + expr.QuoteIdent(x.Name))
	case *expr.Subscript:
		d.subscript(x)
	case *expr.Subplan:
		d.sublink(x)
	default:
		d.str(expr.String(e))
	}
}

// notBetween writes NOT BETWEEN, which PostgreSQL turns into an OR.
func (d *deparser) notBetween(x *expr.Not) bool {
	ast, ok := d.trace.Origin[x].(*parser.Between)
	and, isAnd := x.Arg.(*expr.And)
	if !ok || !isAnd || ast.Symmetric {
		return false
	}
	or := &expr.Or{}
	for i, op := range []string{"<", ">"} {
		call, ok := and.Args[i].(*expr.Call)
		if !ok {
			return false
		}
		or.Args = append(or.Args, &expr.Call{Fn: call.Fn, Args: call.Args, Typ: call.Typ, Op: op})
	}
	d.write(or, false)
	return true
}

func (d *deparser) bools(args []expr.Expr, word string, parent expr.Expr) {
	d.open()
	for i, a := range args {
		if i > 0 {
			d.str(word)
		}
		d.paren(a, false, parent)
	}
	d.shut()
}

// constant writes a literal with its type unless the text alone has it.
func (d *deparser) constant(k *expr.Const, label bool) {
	typ := k.Typ
	if k.Value.IsNull() {
		d.str("NULL")
		if label {
			if typ.OID == types.UnknownOID {
				typ = types.TextOID.Type()
			}
			d.str("::" + typ.OID.Type().String())
		}
		return
	}
	text := types.Text(typ, k.Value, d.s.format)
	digit := text != "" && text[0] >= '0' && text[0] <= '9'
	need := label
	switch typ.OID {
	case types.BoolOID:
		d.str(map[bool]string{true: "true", false: "false"}[k.Value.Bool()])
		return
	case types.Int4OID:
		if digit {
			d.str(text)
			return
		}
		d.str("'" + text + "'")
	case types.NumericOID:
		if digit && strings.ContainsAny(text, "eE.") {
			d.str(text)
			need = need && typ.Typmod >= 0
		} else {
			d.str("'" + text + "'")
		}
	case types.UnknownOID:
		d.str(quoteString(text))
		typ = types.TextOID.Type()
	default:
		d.str(quoteString(text))
	}
	if need {
		d.str("::" + typ.String())
	}
}

// quoteString writes a literal as it is read with standard_conforming_strings on.
func quoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (d *deparser) column(c *expr.Col) {
	switch ast := d.trace.Origin[c].(type) {
	case *parser.ColumnRef:
		if d.scope != nil {
			d.str(d.scope.name(ast))
			return
		}
		d.str(expr.QuoteIdent(ast.Parts[len(ast.Parts)-1]))
	case *parser.FuncCall:
		d.aggregate(ast)
	default:
		name := c.Name
		if i := strings.LastIndexByte(name, '.'); d.single && i >= 0 {
			name = name[i+1:]
		}
		d.str(name)
	}
}

func (d *deparser) call(x *expr.Call) {
	switch {
	case x.Op != "" && len(x.Args) == 2:
		d.open()
		d.paren(x.Args[0], true, x)
		d.str(" " + x.Op + " ")
		d.paren(x.Args[1], true, x)
		d.shut()
		return
	case x.Op != "" && len(x.Args) == 1:
		d.open()
		d.str(x.Op + " ")
		d.paren(x.Args[0], true, x)
		d.shut()
		return
	}
	ast, _ := d.trace.Origin[x].(*parser.FuncCall)
	if ast != nil && d.sqlSyntax(ast.Syntax, x) {
		return
	}
	d.str(expr.QuoteIdent(x.Fn.Name) + "(")
	for i, a := range x.Args {
		if i > 0 {
			d.str(", ")
		}
		if x.Variadic && i == len(x.Args)-1 {
			d.str("VARIADIC ")
		}
		d.write(a, true)
	}
	d.str(")")
}

// sqlSyntax writes a call in the special syntax that it was written in.
func (d *deparser) sqlSyntax(syntax parser.FuncSyntax, x *expr.Call) bool {
	arg := func(i int) { d.write(x.Args[i], false) }
	switch syntax {
	case parser.SyntaxExtract:
		field, ok := d.strip(x.Args[0]).(*expr.Const)
		if !ok {
			return false
		}
		d.str("EXTRACT(" + field.Value.Text() + " FROM ")
		arg(1)
		d.str(")")
	case parser.SyntaxAtTimeZone:
		d.str("(")
		d.paren(x.Args[1], false, x)
		d.str(" AT TIME ZONE ")
		d.paren(x.Args[0], false, x)
		d.str(")")
	case parser.SyntaxPosition:
		d.str("POSITION((")
		arg(1)
		d.str(") IN (")
		arg(0)
		d.str("))")
	case parser.SyntaxSubstring:
		if x.Args[1].Type().OID != types.Int4OID {
			return false // by a pattern
		}
		d.str("SUBSTRING(")
		arg(0)
		d.str(" FROM ")
		arg(1)
		if len(x.Args) > 2 {
			d.str(" FOR ")
			arg(2)
		}
		d.str(")")
	case parser.SyntaxOverlay:
		d.str("OVERLAY(")
		arg(0)
		d.str(" PLACING ")
		arg(1)
		d.str(" FROM ")
		arg(2)
		if len(x.Args) > 3 {
			d.str(" FOR ")
			arg(3)
		}
		d.str(")")
	case parser.SyntaxTrim, parser.SyntaxTrimLeading, parser.SyntaxTrimTrailing:
		d.str("TRIM(" + map[parser.FuncSyntax]string{parser.SyntaxTrim: "BOTH", parser.SyntaxTrimLeading: "LEADING", parser.SyntaxTrimTrailing: "TRAILING"}[syntax])
		if len(x.Args) > 1 {
			d.str(" ")
			arg(1)
		}
		d.str(" FROM ")
		arg(0)
		d.str(")")
	default:
		return false
	}
	return true
}

func (d *deparser) cast(x *expr.Cast, implicit bool) {
	if !x.Explicit && !implicit {
		d.write(x.Arg, false)
		return
	}
	k, isConst := x.Arg.(*expr.Const)
	if isConst && types.IsReg(x.To.OID) {
		// A stored regclass is a number: show the name it has now.
		text := k.Value.Text()
		if n, err := strconv.ParseUint(text, 10, 32); err == nil {
			if name, ok := d.s.regOut(x.To.OID, uint32(n)); ok {
				text = name
			}
		}
		d.str(quoteString(text) + "::" + x.To.String())
		return
	}
	if isConst && k.Typ.OID == x.To.OID && k.Typ.Typmod < 0 {
		d.constant(k, false)
	} else {
		d.open()
		d.paren(x.Arg, false, x)
		d.shut()
	}
	d.str("::" + x.To.String())
}

func (d *deparser) caseWhen(x *expr.Case) {
	d.word("CASE", 0, indentVar, 0)
	if x.Arg != nil {
		d.str(" ")
		d.write(x.Arg, true)
	}
	for _, w := range x.Whens {
		d.word("WHEN ", 0, 0, 0)
		if c, ok := w.Cond.(*expr.Call); ok && x.Arg != nil && len(c.Args) == 2 {
			d.write(c.Args[1], false)
		} else {
			d.write(w.Cond, false)
		}
		d.str(" THEN ")
		d.write(w.Then, true)
	}
	d.word("ELSE ", 0, 0, 0)
	if x.Else != nil {
		d.write(x.Else, true)
	} else {
		d.constant(&expr.Const{Typ: x.Typ}, true)
	}
	d.word("END", -indentVar, 0, 0)
}

// inList is, in PostgreSQL, a comparison with an array: of constants of the
// argument's type, the array as a whole converted to what the operator takes.
func (d *deparser) inList(x *expr.InList) {
	d.open()
	arg, array := x.Arg, expr.Expr(&expr.Array{Items: x.Items})
	if d.strip(arg).Type().OID == types.VarcharOID && d.untyped(x) {
		// varchar has no operators of its own: untyped literals are varchar first,
		// then the array becomes one of text.
		items := make([]expr.Expr, len(x.Items))
		for i, it := range x.Items {
			items[i] = &expr.Const{Value: d.strip(it).(*expr.Const).Value, Typ: types.VarcharOID.Type()}
		}
		array = &expr.Cast{Arg: &expr.Array{Items: items}, To: types.TextArrayOID.Type(), Implicit: true}
	} else if t, err := new(expr.Resolver).CommonType(append([]expr.Expr{arg}, x.Items...), "IN", -1); err == nil {
		// The planner compares with the items as they are, so that an index serves.
		items := make([]expr.Expr, len(x.Items))
		for i, it := range x.Items {
			if items[i] = it; it.Type().OID != t.OID {
				items[i] = &expr.Cast{Arg: it, To: t.OID.Type(), Implicit: true}
			}
		}
		array = &expr.Array{Items: items}
	}
	d.paren(arg, true, x)
	if x.Not {
		d.str(" <> ALL (")
	} else {
		d.str(" = ANY (")
	}
	d.paren(array, true, x)
	d.str(")")
	d.shut()
}

// untyped reports whether an IN list was written with plain string literals.
func (d *deparser) untyped(x *expr.InList) bool {
	ast, ok := d.trace.Origin[x].(*parser.InList)
	if !ok {
		return false
	}
	for _, it := range ast.List {
		if _, ok := it.(*parser.StringLit); !ok {
			return false
		}
	}
	return true
}

func (d *deparser) subscript(x *expr.Subscript) {
	switch x.Arg.(type) {
	case *expr.Col, *expr.Param:
		d.write(x.Arg, true)
	default:
		d.str("(")
		d.write(x.Arg, true)
		d.str(")")
	}
	for i, idx := range x.Index {
		d.str("[")
		if x.Slice {
			if x.Lower[i] != nil {
				d.write(x.Lower[i], false)
			}
			d.str(":")
		}
		if idx != nil {
			d.write(idx, false)
		}
		d.str("]")
	}
}
