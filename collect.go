package minisql

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// CollectableRow is the current row of Rows, as CollectRows hands it out.
type CollectableRow interface {
	FieldDescriptions() []FieldDescription
	Scan(dest ...any) error
	Values() ([]any, error)
}

// RowToFunc makes a value of a row.
type RowToFunc[T any] func(row CollectableRow) (T, error)

// CollectRows makes a slice of all rows, and closes them.
func CollectRows[T any](rows *Rows, f RowToFunc[T]) ([]T, error) {
	out := []T{}
	_, err := ForEach(rows, func() error {
		v, err := f(rows)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ForEach calls f for each row, and closes them.
func ForEach(rows *Rows, f func() error) (CommandTag, error) {
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return CommandTag{}, err
		}
	}
	return rows.CommandTag(), rows.Err()
}

// ForEachRow scans each row into scans and then calls f, and closes the rows.
func ForEachRow(rows *Rows, scans []any, f func() error) (CommandTag, error) {
	return ForEach(rows, func() error {
		if err := rows.Scan(scans...); err != nil {
			return err
		}
		return f()
	})
}

// CollectOneRow makes a value of the first row. Without one it is ErrNoRows.
func CollectOneRow[T any](rows *Rows, f RowToFunc[T]) (v T, err error) {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return v, err
		}
		return v, ErrNoRows
	}
	if v, err = f(rows); err != nil {
		return v, err
	}
	rows.Close()
	return v, rows.Err()
}

// CollectExactlyOneRow is CollectOneRow, but more than one row is ErrTooManyRows.
func CollectExactlyOneRow[T any](rows *Rows, f RowToFunc[T]) (v T, err error) {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return v, err
		}
		return v, ErrNoRows
	}
	if v, err = f(rows); err != nil {
		return v, err
	}
	if rows.Next() {
		return v, ErrTooManyRows
	}
	return v, rows.Err()
}

// RowTo scans the only column.
func RowTo[T any](row CollectableRow) (T, error) {
	var v T
	err := row.Scan(&v)
	return v, err
}

// RowToMap makes a map by column name.
func RowToMap(row CollectableRow) (map[string]any, error) {
	values, err := row.Values()
	if err != nil {
		return nil, err
	}
	m := make(map[string]any, len(values))
	for i, f := range row.FieldDescriptions() {
		m[f.Name] = values[i]
	}
	return m, nil
}

// RowToStructByPos scans the columns into the exported fields of a struct, in order.
// Fields tagged `db:"-"` are left out; embedded structs count as their fields.
func RowToStructByPos[T any](row CollectableRow) (T, error) {
	var v T
	fields, err := fieldsByTag(reflect.TypeFor[T]())
	if err != nil {
		return v, err
	}
	dest := make([]any, len(fields))
	for i, f := range fields {
		dest[i] = reflect.ValueOf(&v).Elem().FieldByIndex(f.index).Addr().Interface()
	}
	err = row.Scan(dest...)
	return v, err
}

// RowToAddrOfStructByPos is RowToStructByPos for pointers.
func RowToAddrOfStructByPos[T any](row CollectableRow) (*T, error) {
	v, err := RowToStructByPos[T](row)
	return &v, err
}

// RowToStructByName scans each column into the field with its name: the tag `db:"name"`, or
// the field's name without regard to case and underscores. Every field has to have
// a column, and every column a field.
func RowToStructByName[T any](row CollectableRow) (T, error) { return byName[T](row, false) }

// RowToAddrOfStructByName is RowToStructByName for pointers.
func RowToAddrOfStructByName[T any](row CollectableRow) (*T, error) {
	v, err := byName[T](row, false)
	return &v, err
}

// RowToStructByNameLax is RowToStructByName, but fields may be without a column.
func RowToStructByNameLax[T any](row CollectableRow) (T, error) { return byName[T](row, true) }

func byName[T any](row CollectableRow, lax bool) (T, error) {
	var v T
	fields, err := fieldsByTag(reflect.TypeFor[T]())
	if err != nil {
		return v, err
	}
	cols := row.FieldDescriptions()
	dest := make([]any, len(cols))
	for _, f := range fields {
		found := false
		for i, c := range cols {
			if dest[i] == nil && f.matches(c.Name) {
				dest[i] = reflect.ValueOf(&v).Elem().FieldByIndex(f.index).Addr().Interface()
				found = true
				break
			}
		}
		if !found && !lax {
			return v, fmt.Errorf("cannot find field %s in returned row", f.name)
		}
	}
	for i, d := range dest {
		if d == nil {
			return v, fmt.Errorf("struct doesn't have corresponding row field %s", cols[i].Name)
		}
	}
	err = row.Scan(dest...)
	return v, err
}

// structField is a field that rows are scanned into.
type structField struct {
	name   string
	tagged bool
	index  []int
}

func (f structField) matches(column string) bool {
	if f.tagged {
		return f.name == column
	}
	return strings.EqualFold(strings.ReplaceAll(f.name, "_", ""), strings.ReplaceAll(column, "_", ""))
}

var structFields sync.Map // reflect.Type → []structField

func fieldsByTag(t reflect.Type) ([]structField, error) {
	if f, ok := structFields.Load(t); ok {
		return f.([]structField), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct", t)
	}
	f := appendFields(nil, t, nil)
	structFields.Store(t, f)
	return f, nil
}

func appendFields(out []structField, t reflect.Type, at []int) []structField {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), at...), i)
		tag, tagged := f.Tag.Lookup("db")
		tag, _, _ = strings.Cut(tag, ",")
		switch {
		case tag == "-":
		case f.Anonymous && f.Type.Kind() == reflect.Struct && !tagged:
			out = appendFields(out, f.Type, index)
		case !f.IsExported():
		case tagged && tag != "":
			out = append(out, structField{tag, true, index})
		default:
			out = append(out, structField{f.Name, false, index})
		}
	}
	return out
}
