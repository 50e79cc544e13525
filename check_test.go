package minisql_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/storage"
)

// stocked makes a directory with a database that has some of everything, and closes it.
func stocked(t *testing.T, on engines.Engine) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "db")
	db, err := minisql.Open(dir, options(on))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `
		create table city (id serial primary key, name text not null unique, people int, note text);
		create index on city (people desc, lower(name));
		create index on city (name) where people > 500;
		insert into city (name, people, note) select 'city ' || g, nullif(g % 1000, 7), md5(g::text) from generate_series(1, 2000) g;
		update city set people = people + 1 where id % 10 = 0;
		update city set id = -id where id % 100 = 1;
		delete from city where id % 50 = 3;
		create table visit (city int references city, at timestamp, text text);
		create unique index visit_once on visit (city, at);
		insert into visit select id, timestamp '2020-01-01' + id * interval '1 hour', repeat('long ', 4000) from city where id % 100 = 0;
		insert into visit values (null, null, 'nowhere'), (null, null, 'nowhere');
		create view big as select * from city where people > 900;
		create table gone (a int primary key);
		insert into gone select generate_series(1, 100);
		drop table gone;
		create table loose (a int not null, b text unique); insert into loose values (1, 'one'), (2, 'two'), (3, null);
		create table nulls (a int, b text); insert into nulls values (null, 'one');
		create database other`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// faultsOf runs Check and returns what it reports.
func faultsOf(t *testing.T, dir string) string {
	t.Helper()
	var found []string
	n, err := minisql.Check(context.Background(), dir, &minisql.CheckReport{
		Fault: func(level, fault string) { found = append(found, level+": "+fault) },
	})
	if err != nil || n != len(found) {
		t.Fatal(n, found, err)
	}
	return strings.Join(found, "\n")
}

// contents are the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCheck(t *testing.T) { engines.Each(t, testCheck) }

func testCheck(t *testing.T, on engines.Engine) {
	dir := stocked(t, on)
	before := contents(t, dir)
	levels := make(map[string]string)
	n, err := minisql.Check(context.Background(), dir, &minisql.CheckReport{
		Fault:    func(level, fault string) { t.Errorf("%s: %s", level, fault) },
		Level:    func(level, summary string) { levels[level] = summary },
		Progress: func(string, int64, int64) {},
	})
	if n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if !strings.HasPrefix(levels[minisql.CheckStorage], string(on)) || levels[minisql.CheckSQL] != "5 databases, 4 tables with 1986 rows, 5 indexes with 4925 entries" {
		t.Errorf("%q", levels)
	}
	after := contents(t, dir)
	for name, b := range after {
		if before[name] != b {
			t.Errorf("%s has changed", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files, %d before", len(after), len(before))
	}

	ctx, cancel := context.WithCancelCause(context.Background())
	boom := errors.New("boom")
	cancel(boom)
	if _, err := minisql.Check(ctx, dir, nil); !errors.Is(err, boom) {
		t.Errorf("cancelled: %v", err)
	}
	db, err := minisql.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = minisql.Check(context.Background(), dir, nil)
	wantCode(t, err, "55006")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCheckRefuses directories that are none of ours, and leaves them alone.
func TestCheckRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file, filepath.Join(dir, "missing"), ""} {
		_, err := minisql.Check(context.Background(), path, nil)
		wantCode(t, err, "58P01")
	}
	if len(contents(t, dir)) != 1 {
		t.Error("a directory of others was changed")
	}
}

// TestCheckFindsBytes flips bytes of the data and of the log.
func TestCheckFindsBytes(t *testing.T) { engines.Each(t, testCheckFindsBytes) }

func testCheckFindsBytes(t *testing.T, on engines.Engine) {
	dir := stocked(t, on)
	data, log := "*.sst", "*.log"
	if on == engines.BTree {
		data, log = "data.db", "wal/*.log"
	}
	// The last bytes of a log may be what a crash has left of a write.
	flipBytes(t, dir, log, 0.9, func(name string, at int, faults string) {
		if !strings.Contains(faults, filepath.Base(name)) {
			t.Errorf("byte %d of %s: found %q", at, name, faults)
		}
	})
	db, err := minisql.Open(dir, nil) // Pebble moves the log into tables
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	found, all := 0, 0
	flipBytes(t, dir, data, 1, func(name string, at int, faults string) {
		all++
		if strings.Contains(faults, filepath.Base(name)) {
			found++
		} else if faults != "" || on == engines.LSM {
			t.Errorf("byte %d of %s: found %q", at, name, faults)
		} // else the page is free
	})
	if found < all/2 {
		t.Errorf("of %d bytes %d were found", all, found)
	}
	if faults := faultsOf(t, dir); faults != "" {
		t.Error("the test's doing: ", faults)
	}
}

// flipBytes changes bytes that are not zero in the files that match, in the first part of each,
// one at a time, and calls f with what Check finds then.
func flipBytes(t *testing.T, dir, pattern string, part float64, f func(name string, at int, faults string)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		used := len(bytes.TrimRight(whole, "\x00"))
		const places = 15
		for i := range places {
			at := int(part*float64(used)) * (2*i + 1) / (2 * places)
			for at < used && whole[at] == 0 {
				at++
			}
			if at >= used {
				continue
			}
			damaged := bytes.Clone(whole)
			damaged[at] ^= 0x10
			if err := os.WriteFile(name, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			f(name, at, faultsOf(t, dir))
		}
		if err := os.WriteFile(name, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckFindsFiles removes one file at a time.
func TestCheckFindsFiles(t *testing.T) { engines.Each(t, testCheckFindsFiles) }

func testCheckFindsFiles(t *testing.T, on engines.Engine) {
	dir := stocked(t, on)
	files := contents(t, dir)
	last := ""
	for name := range files {
		if strings.HasSuffix(name, ".log") {
			last = max(last, name)
		}
	}
	for name, whole := range files {
		base := filepath.Base(name)
		// The last part of the log need not be there: a crash may have come before it.
		needed := base != "LOCK" && !strings.HasPrefix(base, "OPTIONS") && name != last
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if faults := faultsOf(t, dir); (faults != "") != needed {
			t.Errorf("without %s: found %q", base, faults)
		}
		if err := os.WriteFile(name, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckFindsPairs changes what is stored under a key.
func TestCheckFindsPairs(t *testing.T) { engines.Each(t, testCheckFindsPairs) }

// raw is a directory as its engine sees it.
type raw struct {
	t *testing.T
	e storage.Engine
}

// newest returns the newest versions of the first keys with a prefix.
func (r raw) newest(prefix []byte, n int) (keys, suffixes, values [][]byte) {
	r.t.Helper()
	c, err := r.e.NewCursor()
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	var run storage.Run
	c.Seek(prefix, append(bytes.Clone(prefix), 0xFF), make([]byte, storage.SuffixLen), false)
	for len(keys) < n {
		k, err := c.Next(&run, 1)
		if err != nil || k == 0 {
			r.t.Fatalf("%d keys with prefix %x: %v", len(keys), prefix, err)
		}
		if v := run.Values[0]; v[len(v)-1] == 0 {
			continue // a tombstone
		}
		p := len(run.Keys[0]) - storage.SuffixLen
		keys = append(keys, bytes.Clone(run.Keys[0][:p]))
		suffixes = append(suffixes, bytes.Clone(run.Keys[0][p:]))
		values = append(values, bytes.Clone(run.Values[0]))
	}
	return keys, suffixes, values
}

func (r raw) apply(b *storage.Batch) {
	r.t.Helper()
	if _, err := r.e.Apply(b, storage.Lazy); err != nil {
		r.t.Fatal(err)
	}
}

func testCheckFindsPairs(t *testing.T, on engines.Engine) {
	// What the keyspace has, from docs/storage.md.
	const database = 16384
	span := func(id uint32) []byte {
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{2}, database), id)
	}
	descriptor := func(id uint32) []byte {
		return binary.BigEndian.AppendUint32(append(binary.BigEndian.AppendUint32([]byte{1, 5}, database), 't'), id)
	}
	for name, c := range map[string]struct {
		damage func(r raw, id func(relation string) uint32)
		want   string
	}{
		"entry": {func(r raw, id func(string) uint32) {
			k, s, _ := r.newest(span(id("city_name_idx")), 1)
			b := storage.NewBatch()
			b.Delete(k[0], s[0])
			r.apply(b)
		}, `sql: database "minisql", index "city_name_idx" of relation public.city: row (id)=(`},
		"row": {func(r raw, id func(string) uint32) {
			k, s, _ := r.newest(span(id("city")), 1)
			b := storage.NewBatch()
			b.Delete(k[0], s[0])
			r.apply(b)
		}, "its row is not there"},
		"swapped rows": {func(r raw, id func(string) uint32) {
			k, s, v := r.newest(span(id("city")), 2)
			b := storage.NewBatch()
			b.Set(k[0], s[0], v[1])
			b.Set(k[1], s[1], v[0])
			r.apply(b)
		}, "it is stored under the key"},
		"swapped versions": {func(r raw, id func(string) uint32) {
			k, s, v := r.newest(span(id("city")), 1)
			b := storage.NewBatch()
			b.Delete(k[0], s[0])
			b.Set(k[0], make([]byte, storage.SuffixLen), v[0]) // from the end of time
			r.apply(b)
		}, "versions: key "},
		"unique": {func(r raw, id func(string) uint32) {
			k, s, v := r.newest(span(id("loose")), 2)
			b := storage.NewBatch()
			b.Set(k[1], s[1], v[0])
			r.apply(b)
		}, "the entry (b)=(one) is another row's"},
		"null": {func(r raw, id func(string) uint32) {
			k, s, _ := r.newest(span(id("loose")), 1)
			_, _, v := r.newest(span(id("nulls")), 1)
			b := storage.NewBatch()
			b.Set(k[0], s[0], v[0])
			r.apply(b)
		}, `column "a" is null`},
		"bytes of a row": {func(r raw, id func(string) uint32) {
			k, s, _ := r.newest(span(id("city")), 1)
			b := storage.NewBatch()
			b.Set(k[0], s[0], []byte("what\x01"))
			r.apply(b)
		}, "relation public.city: row 02"},
		"descriptor": {func(r raw, id func(string) uint32) {
			k, s, _ := r.newest(descriptor(id("city")), 1)
			b := storage.NewBatch()
			b.Set(k[0], s[0], []byte("{\x01"))
			r.apply(b)
		}, "damaged descriptor"},
		"reference": {func(r raw, id func(string) uint32) {
			k, s, _ := r.newest(descriptor(id("city")), 1)
			b := storage.NewBatch()
			b.Delete(k[0], s[0])
			r.apply(b)
		}, "which is not there"},
		"format": {func(r raw, _ func(string) uint32) {
			k, s, _ := r.newest([]byte{1, 1}, 1)
			b := storage.NewBatch()
			b.Set(k[0], s[0], []byte(`{"Format": 99}`+"\x01"))
			r.apply(b)
		}, "the database has format 99"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := stocked(t, on)
			db, err := minisql.Open(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			ids := make(map[string]uint32)
			rows := must(db.Query(context.Background(), "select relname, oid from pg_class"))
			for rows.Next() {
				var name string
				var id uint32
				if err := rows.Scan(&name, &id); err != nil {
					t.Fatal(err)
				}
				ids[name] = id
			}
			if err := errors.Join(rows.Err(), db.Close()); err != nil {
				t.Fatal(err)
			}
			e, err := on.Open(vfs.Default, dir)
			if err != nil {
				t.Fatal(err)
			}
			c.damage(raw{t, e}, func(name string) uint32 {
				if ids[name] == 0 {
					t.Fatalf("no relation %s: %v", name, ids)
				}
				return ids[name]
			})
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if got := faultsOf(t, dir); !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
