package exec

import (
	"errors"
	"testing"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/mvcc"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/txn"
)

// TestNarrow says which statements read only what they write.
func TestNarrow(t *testing.T) {
	engine, err := engines.Golden.Open(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	store, err := mvcc.Open(engine, mvcc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := txn.Open(store, txn.ManagerOptions{Tracked: catalog.IsData, TableOf: catalog.StorageOf})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := NewServer(t.Context(), mgr, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := srv.NewSession(t.Context(), SessionOptions{Database: "postgres", User: "postgres"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		s.Close()
		if err := errors.Join(srv.Close(), mgr.Close(), store.Close(), engine.Close()); err != nil {
			t.Error(err)
		}
	}()
	prepare := func(sql string) *Prepared {
		t.Helper()
		list, err := parser.Parse(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		p, err := s.Prepare(t.Context(), list[0], nil)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return p
	}
	for _, sql := range []string{
		"create table t (id int primary key, u int unique, v int)",
		"create table other (id int primary key, v int)",
		"create table child (id int primary key, t int references other)",
	} {
		portal, err := s.Bind(prepare(sql), nil)
		if err == nil {
			_, err = portal.Next(t.Context(), 0)
		}
		if err == nil {
			err = s.Sync(t.Context())
		}
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for sql, want := range map[string]bool{
		"insert into t values (1, 2, 3)":                                                         true,
		"insert into t values ($1, $2, $3) returning id":                                         true,
		"update t set v = v + 1 where id = 1":                                                    true,
		"update t set id = 2, u = 3 where u = 1 and v > 0":                                       true,
		"delete from t where id = 1":                                                             true,
		"select v from t where id = 1":                                                           false, // is one query
		"insert into t values (1, 2, 3), (2, 3, 4)":                                              false,
		"insert into t values (1, 2, 3) on conflict do nothing":                                  false,
		"insert into t values (1, 2, (select v from other where id = 1))":                        false,
		"insert into t select id, id, v from other where id = 1":                                 false,
		"insert into t select id + 1, u + 1, v from t where id = 1":                              false,
		"with x as (select * from other where id = 1) insert into t select id, id, v from x":     false,
		"update t set v = 1":                                                                     false,
		"update t set v = 1 where v = 2":                                                         false,
		"update t set v = 1 where id in (1, 2)":                                                  false,
		"update t set v = (select v from other where id = 1) where id = 1":                       false,
		"update t set v = 1 where id = (select v from other where id = 1)":                       false,
		"update t set v = 1 where id = 1 and exists (select 1 from other where id = 1)":          false,
		"update t set v = other.v from other where t.id = 1 and other.id = 1":                    false,
		"delete from t using other where t.id = 1 and other.id = 1":                              false,
		"delete from t where id = 1 returning (select v from other where id = 1)":                false,
		"with x as (delete from other where id = 1 returning v) update t set v = 1 where id = 1": false,
		"insert into child values (1, 1)":                                                        false,
		"delete from other where id = 1":                                                         false,
		"update child set t = 2 where id = 1":                                                    false,
		"update other set v = 2 where id = 1":                                                    false,
	} {
		if got := prepare(sql).narrow; got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}
