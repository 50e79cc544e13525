package vec

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/minisql/minisql/types"
)

var columnTypes = []types.OID{types.Int4OID, types.TextOID, types.BoolOID, types.Float8OID, types.NumericOID, types.Int8OID, types.UUIDOID}

// value makes the i-th value of a type; every third is NULL.
func value(o types.OID, i int) types.Datum {
	if i%3 == 2 {
		return types.Null
	}
	switch types.PhysOf(o) {
	case types.PhysBool:
		return types.NewBool(i%2 == 0)
	case types.PhysInt:
		return types.NewInt(int64(i - 5))
	case types.PhysFloat:
		return types.NewFloat(float64(i) / 4)
	case types.PhysBytes:
		return types.NewText(fmt.Sprintf("%016d", i))
	}
	return types.NewNumeric(types.NumericFromScaled(int64(i), 2))
}

func check(t *testing.T, v *Vec, o types.OID, i int, want types.Datum) {
	t.Helper()
	for _, got := range []types.Datum{v.Get(i), v.View(i)} {
		if got.IsNull() != want.IsNull() || !got.IsNull() && types.Compare(o, got, want) != 0 {
			t.Errorf("%s %d: got %s, want %s", o, i, types.Text(o.Type(), got, nil), types.Text(o.Type(), want, nil))
		}
	}
	if v.IsNull(i) != want.IsNull() {
		t.Errorf("%s %d: IsNull is %v", o, i, v.IsNull(i))
	}
}

func TestAppendAndGet(t *testing.T) {
	for _, o := range columnTypes {
		v := New(o)
		for round := range 3 {
			v.Reset()
			n := MaxRows >> (2 * round)
			for i := range n {
				v.AppendDatum(value(o, i+round))
			}
			if v.Len() != n {
				t.Fatalf("%s: length %d", o, v.Len())
			}
			for i := range n {
				check(t, v, o, i, value(o, i+round))
			}
			w := New(o)
			w.AppendVec(v, nil, 7)
			w.AppendVec(v, []int32{0, 2, 6}, 3)
			for i, from := range []int{0, 1, 2, 3, 4, 5, 6, 0, 2, 6} {
				check(t, w, o, i, value(o, from+round))
			}
			w.SetLen(4)
			w.AppendDatum(value(o, 0))
			check(t, w, o, 3, value(o, 3+round))
			check(t, w, o, 4, value(o, 0))
			w.SetLen(6)
			if w.IsNull(5) {
				t.Errorf("%s: a new slot is NULL", o)
			}
			w.SetNull(5)
			check(t, w, o, 5, types.Null)
		}
	}
}

func TestGetIsACopy(t *testing.T) {
	v := New(types.TextOID)
	v.AppendString("first")
	kept := v.Get(0)
	v.Reset()
	v.AppendString("other")
	if kept.Text() != "first" {
		t.Errorf("Get aliases the vector: %s", kept.Text())
	}
}

func TestDecodeInto(t *testing.T) {
	missing := make([]types.Datum, len(columnTypes))
	for i, o := range columnTypes {
		missing[i] = value(o, 100)
	}
	dec := types.NewRowDecoder(columnTypes, missing)
	cols := []int{6, 0, 4, 1}
	var vecs []*Vec
	for _, c := range cols {
		vecs = append(vecs, New(columnTypes[c]))
	}
	var runVecs []*Vec
	for _, c := range cols {
		runVecs = append(runVecs, New(columnTypes[c]))
	}
	run := NewRunDecoder(dec, cols, runVecs)
	var stored []int
	for n := range len(columnTypes) + 1 {
		batch := NewBatch(columnTypes[:n])
		for i := range 9 {
			row := make([]types.Datum, n)
			for c := range row {
				row[c] = value(columnTypes[c], i+c)
			}
			batch.AppendRow(row)
		}
		enc := types.NewRowEncoder(columnTypes[:n])
		var rows [][]byte
		for i := range 9 {
			b := EncodeRow(enc, nil, batch, i, nil)
			rows = append(rows, bytes.Clone(b))
			if err := DecodeInto(dec, b, cols, vecs); err != nil {
				t.Fatal(err)
			}
			clear(b) // the vectors must not alias the row
			stored = append(stored, n)
		}
		if err := run.AppendRows(rows); err != nil {
			t.Fatal(err)
		}
		for _, b := range rows {
			clear(b)
		}
	}
	for k, c := range cols {
		for i, n := range stored {
			want := missing[c]
			if c < n {
				want = value(columnTypes[c], i%9+c)
			}
			check(t, vecs[k], columnTypes[c], i, want)
			check(t, runVecs[k], columnTypes[c], i, want)
		}
	}
	if err := DecodeInto(dec, []byte{1, 7, 0, 0}, cols, vecs); err == nil {
		t.Error("half a row was read")
	}
	if err := run.AppendRows([][]byte{{1, 7, 0, 0}}); err == nil {
		t.Error("half a row was read")
	}
}

// TestReadInts: every type whose values are integers, at every width, NULL or not.
func TestReadInts(t *testing.T) {
	cols := []types.OID{types.CharOID, types.Int2OID, types.Int4OID, types.DateOID, types.OidOID, types.Int8OID, types.TimestampOID}
	enc, dec := types.NewRowEncoder(cols), types.NewRowDecoder(cols, nil)
	var rows [][]byte
	for i, n := range []int64{0, 1, 100, -1, -100, 1 << 15, -1 << 15, 1 << 31, -1 << 31, 1<<63 - 1, -1 << 63} {
		row := make([]types.Datum, len(cols))
		for c := range row {
			if (i+c)%4 != 3 {
				row[c] = types.NewInt(n)
			}
		}
		rows = append(rows, enc.Append(nil, row))
	}
	var at []int
	one, many := NewBatch(cols), NewBatch(cols)
	var oneVecs, manyVecs []*Vec
	for c, o := range cols {
		if types.PhysOf(o) == types.PhysInt {
			at, oneVecs, manyVecs = append(at, c), append(oneVecs, &one.Cols[c]), append(manyVecs, &many.Cols[c])
		}
	}
	for _, b := range rows {
		if err := DecodeInto(dec, b, at, oneVecs); err != nil {
			t.Fatal(err)
		}
	}
	if err := NewRunDecoder(dec, at, manyVecs).AppendRows(rows); err != nil {
		t.Fatal(err)
	}
	for k, c := range at {
		for i := range rows {
			if a, b := oneVecs[k].Get(i), manyVecs[k].Get(i); a.IsNull() != b.IsNull() || !a.IsNull() && a.Int() != b.Int() {
				t.Errorf("%s, row %d: %v of one, %v of many", cols[c], i, a, b)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	b := NewBatch([]types.OID{types.Int4OID, types.TextOID})
	for i := range 10 {
		b.AppendRow([]types.Datum{types.NewInt(int64(i)), types.NewText(fmt.Sprint(i))})
	}
	sel := b.SelBuf()
	for i := int32(1); i < 10; i += 4 {
		sel = append(sel, i)
	}
	b.Sel = sel
	if b.Len() != 3 || b.Row(2) != 9 {
		t.Errorf("selected %d, last %d", b.Len(), b.Row(2))
	}
	c := NewBatch([]types.OID{types.Int4OID, types.TextOID})
	for k := range b.Len() {
		c.AppendRowFrom(b, b.Row(k))
	}
	if row := c.ReadRow(nil, 1); row[0].Int() != 5 || row[1].Text() != "5" {
		t.Errorf("row %v", row)
	}
	b.Reset()
	if b.Len() != 0 || b.Cols[1].Len() != 0 {
		t.Error("Reset leaves rows")
	}
}

func storedRows() (*types.RowDecoder, [][]byte) {
	cols := []types.OID{types.Int8OID, types.Int4OID, types.TextOID, types.Float8OID, types.TimestamptzOID, types.TextOID}
	enc := types.NewRowEncoder(cols)
	var rows [][]byte
	for i := range MaxRows {
		rows = append(rows, enc.Append(nil, []types.Datum{types.NewInt(int64(i)), types.NewInt(int64(i * 7)), types.NewText("customer name"),
			types.NewFloat(float64(i)), types.NewInt(int64(i) << 30), types.NewText("a longer text that nobody asks for")}))
	}
	return types.NewRowDecoder(cols, nil), rows
}

func TestDecodeIntoAllocatesNothing(t *testing.T) {
	dec, rows := storedRows()
	cols := []int{0, 2, 3}
	vecs := []*Vec{New(types.Int8OID), New(types.TextOID), New(types.Float8OID)}
	n := testing.AllocsPerRun(5, func() {
		for _, v := range vecs {
			v.Reset()
		}
		for _, r := range rows {
			if err := DecodeInto(dec, r, cols, vecs); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !bytes.Equal(vecs[1].Bytes(5), []byte("customer name")) {
		t.Error("wrong bytes")
	}
}

func BenchmarkDecodeInto(b *testing.B) {
	dec, rows := storedRows()
	cols := []int{0, 2, 3}
	vecs := []*Vec{New(types.Int8OID), New(types.TextOID), New(types.Float8OID)}
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range vecs {
			v.Reset()
		}
		for _, r := range rows {
			if err := DecodeInto(dec, r, cols, vecs); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxRows, "ns/row")
}

// BenchmarkDecodeOneInt is what count(*) and sum(v) ask for.
func BenchmarkDecodeOneInt(b *testing.B) {
	dec, rows := storedRows()
	v := New(types.Int4OID)
	run := NewRunDecoder(dec, []int{1}, []*Vec{v})
	b.ReportAllocs()
	for b.Loop() {
		v.Reset()
		if err := run.AppendRows(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxRows, "ns/row")
}
