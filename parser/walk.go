package parser

import "reflect"

// Walk calls f for n and every node below it, parents first; below a node for
// which f returns false it does not go. It looks at the tree by reflection, which
// is for the rare statements that need it (DDL), not for queries.
func Walk(n Node, f func(Node) bool) {
	if n == nil || reflect.ValueOf(n).Kind() == reflect.Pointer && reflect.ValueOf(n).IsNil() || !f(n) {
		return
	}
	walkFields(reflect.ValueOf(n), f)
}

var nodeType = reflect.TypeFor[Node]()

func walkFields(v reflect.Value, f func(Node) bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			walkValue(v.Field(i), f)
		}
	}
}

func walkValue(v reflect.Value, f func(Node) bool) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if v.Type().Implements(nodeType) {
			Walk(v.Interface().(Node), f)
			return
		}
		walkValue(v.Elem(), f)
	case reflect.Slice:
		for i := range v.Len() {
			walkValue(v.Index(i), f)
		}
	case reflect.Struct:
		if v.CanAddr() && v.Addr().Type().Implements(nodeType) {
			Walk(v.Addr().Interface().(Node), f)
			return
		}
		walkFields(v, f)
	}
}
