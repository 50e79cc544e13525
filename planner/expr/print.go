package expr

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/minisql/minisql/types"
)

// Key returns a text that is equal for two expressions exactly if they are the
// same expression: for matching GROUP BY, ORDER BY and DISTINCT.
func Key(e Expr) string {
	var b strings.Builder
	writeKey(&b, e)
	return b.String()
}

func writeKey(b *strings.Builder, e Expr) {
	switch x := e.(type) {
	case nil:
		b.WriteString("nil")
		return
	case *Const:
		if x.Value.IsNull() {
			fmt.Fprintf(b, "null:%d", x.Typ.OID)
		} else {
			fmt.Fprintf(b, "%q:%d:%d", types.AppendText(nil, x.Typ, x.Value, nil), x.Typ.OID, x.Typ.Typmod)
		}
		return
	case *Col:
		fmt.Fprintf(b, "#%d", x.ID)
		return
	case *Param:
		fmt.Fprintf(b, "$%d", x.Idx)
		return
	case *ExecParam:
		fmt.Fprintf(b, "@%d", x.Idx)
		return
	case *CaseSlot:
		fmt.Fprintf(b, "slot%d", x.Idx)
		return
	case *Subplan:
		fmt.Fprintf(b, "sub%p", x)
		return
	case *Call:
		fmt.Fprintf(b, "call%p", x.Fn)
	case *Cast:
		fmt.Fprintf(b, "cast:%d:%d:%t", x.To.OID, x.To.Typmod, x.Explicit)
	case *IsNull:
		fmt.Fprintf(b, "isnull%t", x.Not)
	case *BoolTest:
		fmt.Fprintf(b, "is%c%t", x.Want, x.Not)
	case *Distinct:
		fmt.Fprintf(b, "distinct%p%t", x.Eq.Fn, x.Not)
	case *Case:
		fmt.Fprintf(b, "case%d%t%t", len(x.Whens), x.Arg != nil, x.Else != nil)
	case *MinMax:
		fmt.Fprintf(b, "minmax%t", x.Greatest)
	case *NullIf:
		fmt.Fprintf(b, "nullif%p", x.Eq.Fn)
	case *InList:
		fmt.Fprintf(b, "in%p%t", x.Cmp, x.Not)
	case *AnyAll:
		fmt.Fprintf(b, "anyall%p%t", x.Cmp, x.All)
	case *Array:
		fmt.Fprintf(b, "array%d%t", x.Typ.OID, x.Multi)
	case *RowCompare:
		fmt.Fprintf(b, "rowcmp%s%d", x.Op, len(x.Left))
	case *Field:
		fmt.Fprintf(b, "field%d", x.Idx)
	case *Subscript:
		fmt.Fprintf(b, "sub%t%d", x.Slice, len(x.Index))
		for _, l := range x.Lower {
			fmt.Fprintf(b, "%t", l != nil)
		}
		for _, l := range x.Index {
			fmt.Fprintf(b, "%t", l != nil)
		}
	default:
		fmt.Fprintf(b, "%T", e)
	}
	b.WriteByte('(')
	for i, k := range children(e) {
		if i > 0 {
			b.WriteByte(',')
		}
		writeKey(b, k)
	}
	b.WriteByte(')')
}

// String writes an expression as EXPLAIN shows it, much as PostgreSQL deparses it.
func String(e Expr) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

func writeList(b *strings.Builder, es []Expr, sep string) {
	for i, e := range es {
		if i > 0 {
			b.WriteString(sep)
		}
		write(b, e)
	}
}

func write(b *strings.Builder, e Expr) {
	switch x := e.(type) {
	case nil:
	case *Const:
		writeConst(b, x)
	case *Col:
		b.WriteString(x.Name)
	case *Param:
		b.WriteString("$" + strconv.Itoa(x.Idx+1))
	case *ExecParam:
		if x.Name != "" {
			b.WriteString(x.Name)
		} else {
			b.WriteString("$" + strconv.Itoa(x.Idx))
		}
	case *CaseSlot:
		b.WriteString("CASE_TEST")
	case *Call:
		writeCall(b, x)
	case *Cast:
		if x.Implicit && types.Category(x.To.OID) == types.Category(x.Arg.Type().OID) && x.To.Typmod < 0 {
			_, isConst := x.Arg.(*Const)
			if !isConst && x.To.OID != types.TextOID {
				write(b, x.Arg)
				return
			}
		}
		writeAtom(b, x.Arg)
		b.WriteString("::" + x.To.String())
	case *And:
		b.WriteByte('(')
		writeList(b, x.Args, " AND ")
		b.WriteByte(')')
	case *Or:
		b.WriteByte('(')
		writeList(b, x.Args, " OR ")
		b.WriteByte(')')
	case *Not:
		b.WriteString("(NOT ")
		write(b, x.Arg)
		b.WriteByte(')')
	case *IsNull:
		b.WriteByte('(')
		write(b, x.Arg)
		if x.Not {
			b.WriteString(" IS NOT NULL)")
		} else {
			b.WriteString(" IS NULL)")
		}
	case *BoolTest:
		b.WriteByte('(')
		write(b, x.Arg)
		b.WriteString(" IS ")
		if x.Not {
			b.WriteString("NOT ")
		}
		b.WriteString(map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[x.Want] + ")")
	case *Distinct:
		b.WriteByte('(')
		write(b, x.Eq.Args[0])
		if x.Not {
			b.WriteString(" IS NOT DISTINCT FROM ")
		} else {
			b.WriteString(" IS DISTINCT FROM ")
		}
		write(b, x.Eq.Args[1])
		b.WriteByte(')')
	case *Case:
		b.WriteString("CASE")
		if x.Arg != nil {
			b.WriteByte(' ')
			write(b, x.Arg)
		}
		for _, w := range x.Whens {
			b.WriteString(" WHEN ")
			if c, ok := w.Cond.(*Call); ok && x.Arg != nil && len(c.Args) == 2 {
				write(b, c.Args[1])
			} else {
				write(b, w.Cond)
			}
			b.WriteString(" THEN ")
			write(b, w.Then)
		}
		if x.Else != nil {
			b.WriteString(" ELSE ")
			write(b, x.Else)
		}
		b.WriteString(" END")
	case *Coalesce:
		b.WriteString("COALESCE(")
		writeList(b, x.Args, ", ")
		b.WriteByte(')')
	case *MinMax:
		if x.Greatest {
			b.WriteString("GREATEST(")
		} else {
			b.WriteString("LEAST(")
		}
		writeList(b, x.Args, ", ")
		b.WriteByte(')')
	case *NullIf:
		b.WriteString("NULLIF(")
		writeList(b, x.Eq.Args, ", ")
		b.WriteByte(')')
	case *InList:
		b.WriteByte('(')
		write(b, x.Arg)
		if x.Not {
			b.WriteString(" <> ALL (")
		} else {
			b.WriteString(" = ANY (")
		}
		writeInItems(b, x)
		b.WriteString("))")
	case *AnyAll:
		b.WriteByte('(')
		write(b, x.Arg)
		b.WriteString(" " + x.Op)
		if x.All {
			b.WriteString(" ALL (")
		} else {
			b.WriteString(" ANY (")
		}
		write(b, x.Array)
		b.WriteString("))")
	case *Array:
		b.WriteString("ARRAY[")
		writeList(b, x.Items, ", ")
		b.WriteByte(']')
	case *Row:
		b.WriteString("ROW(")
		writeList(b, x.Items, ", ")
		b.WriteByte(')')
	case *RowCompare:
		b.WriteString("(ROW(")
		writeList(b, x.Left, ", ")
		b.WriteString(") " + x.Op + " ROW(")
		writeList(b, x.Right, ", ")
		b.WriteString("))")
	case *Field:
		b.WriteByte('(')
		write(b, x.Arg)
		b.WriteString(")." + x.Name)
	case *Subscript:
		writeAtom(b, x.Arg)
		for i, idx := range x.Index {
			b.WriteByte('[')
			if x.Slice {
				write(b, x.Lower[i])
				b.WriteByte(':')
			}
			write(b, idx)
			b.WriteByte(']')
		}
	case *Subplan:
		switch x.Kind {
		case SubplanExists:
			fmt.Fprintf(b, "(SubPlan %d)", x.ID+1)
		case SubplanAny:
			if x.Hash != nil {
				fmt.Fprintf(b, "(hashed SubPlan %d)", x.ID+1)
			} else {
				fmt.Fprintf(b, "(SubPlan %d)", x.ID+1)
			}
		default:
			if len(x.Deps) == 0 && x.Kind == SubplanScalar {
				fmt.Fprintf(b, "(InitPlan %d)", x.ID+1)
			} else {
				fmt.Fprintf(b, "(SubPlan %d)", x.ID+1)
			}
		}
	default:
		fmt.Fprintf(b, "%T", e)
	}
}

func writeInItems(b *strings.Builder, x *InList) {
	t := x.Arg.Type()
	arr, _ := types.ArrayOf(t.OID)
	items := make([]types.Datum, 0, len(x.Items))
	for _, it := range x.Items {
		k, ok := it.(*Const)
		if !ok {
			b.WriteString("ARRAY[")
			writeList(b, x.Items, ", ")
			b.WriteByte(']')
			return
		}
		items = append(items, k.Value)
		t = k.Typ
		arr, _ = types.ArrayOf(t.OID)
	}
	b.WriteString(QuoteLiteral(string(types.AppendText(nil, arr.Type(), types.MakeArray(t, items), nil))) + "::" + arr.Type().String())
}

// writeAtom writes e so that a postfix operator may follow.
func writeAtom(b *strings.Builder, e Expr) {
	switch e.(type) {
	case *Const, *Col, *Param, *ExecParam:
		write(b, e)
	case *Call, *Cast, *Case:
		b.WriteByte('(')
		write(b, e)
		b.WriteByte(')')
	default:
		write(b, e)
	}
}

func writeConst(b *strings.Builder, k *Const) {
	if k.Value.IsNull() {
		b.WriteString("NULL")
		if k.Typ.OID != types.UnknownOID {
			b.WriteString("::" + k.Typ.String())
		}
		return
	}
	text := string(types.AppendText(nil, k.Typ, k.Value, nil))
	switch k.Typ.OID {
	case types.Int4OID:
		if strings.HasPrefix(text, "-") {
			b.WriteString("'" + text + "'::integer")
			return
		}
		b.WriteString(text)
	case types.NumericOID:
		if strings.HasPrefix(text, "-") || !strings.Contains(text, ".") {
			b.WriteString("'" + text + "'::numeric")
			return
		}
		b.WriteString(text)
	case types.BoolOID:
		if k.Value.Bool() {
			b.WriteString("true")
		} else {
			b.WriteString("false")
		}
	case types.UnknownOID:
		b.WriteString(QuoteLiteral(text))
	default:
		b.WriteString(QuoteLiteral(text) + "::" + k.Typ.String())
	}
}

func writeCall(b *strings.Builder, x *Call) {
	switch {
	case x.Op != "" && len(x.Args) == 2:
		b.WriteByte('(')
		writeOperand(b, x.Args[0])
		b.WriteString(" " + x.Op + " ")
		writeOperand(b, x.Args[1])
		b.WriteByte(')')
	case x.Op != "" && len(x.Args) == 1:
		b.WriteString("(" + x.Op + " ")
		write(b, x.Args[0])
		b.WriteByte(')')
	default:
		b.WriteString(x.Fn.Name + "(")
		writeList(b, x.Args, ", ")
		b.WriteByte(')')
	}
}

// writeOperand puts the parentheses that PostgreSQL puts around a cast operand.
func writeOperand(b *strings.Builder, e Expr) {
	if c, ok := e.(*Cast); ok {
		inner := String(c)
		if strings.Contains(inner, "::") {
			if _, isCol := c.Arg.(*Col); isCol {
				b.WriteString("(" + c.Arg.(*Col).Name + ")::" + c.To.String())
				return
			}
		}
		b.WriteString(inner)
		return
	}
	write(b, e)
}
