package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/dgraph-io/badger/v4"
	"go.etcd.io/bbolt"

	"github.com/minisql/minisql/storage"
	"github.com/minisql/minisql/storage/btree"
	"github.com/minisql/minisql/storage/btree/wal"
	"github.com/minisql/minisql/storage/lsm"
)

// store is what every engine can do. One goroutine reads; any number commit.
type store interface {
	load(from, to int) error                   // pairs in key order, not waited for
	get(key []byte) (found bool, err error)    // at one view, opened at the first call after look
	scan() (pairs int, err error)              // likewise, all of it
	look() error                               // begins a new view
	put(key, value []byte, durable bool) error // one pair, alone in its commit
	close() error
}

const (
	enginePairs = 500_000
	valueBytes  = 99
)

func engineKey(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)|1<<56) }

// contract is an engine of minisql's.
type contract struct {
	storage.Engine
	c      storage.Cursor
	suffix [8]byte
}

// loadBatches makes batches of the pairs from … to.
func loadBatches(from, to int, suffix []byte, apply func(*storage.Batch) error) error {
	b := storage.NewBatch()
	value := []byte(strings.Repeat("v", valueBytes))
	for i := from; i < to; i++ {
		b.Set(engineKey(i), suffix, value)
		if b.Len() == 1000 || i == to-1 {
			if err := apply(b); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return nil
}

func (s *contract) load(from, to int) error {
	if err := loadBatches(from, to, s.suffix[:], func(b *storage.Batch) error {
		_, err := s.Apply(b, storage.Lazy)
		return err
	}); err != nil {
		return err
	}
	switch e := s.Engine.(type) {
	case *btree.Engine:
		return e.Checkpoint()
	case *lsm.Engine:
		return e.Flush()
	}
	return s.Sync()
}

func (s *contract) look() (err error) {
	if s.c != nil {
		err = s.c.Close()
	}
	if err == nil {
		s.c, err = s.NewCursor()
	}
	return err
}

func (s *contract) get(key []byte) (bool, error) {
	_, _, ok, err := s.c.Get(key, s.suffix[:])
	return ok, err
}

func (s *contract) scan() (int, error) {
	var run storage.Run
	s.c.Seek(nil, nil, s.suffix[:], false)
	pairs := 0
	for {
		n, err := s.c.Next(&run, 1024)
		if pairs += n; n == 0 || err != nil {
			return pairs, err
		}
	}
}

var batches = sync.Pool{New: func() any { return storage.NewBatch() }}

func (s *contract) put(key, value []byte, durable bool) error {
	b := batches.Get().(*storage.Batch)
	defer batches.Put(b)
	b.Reset()
	b.Set(key, s.suffix[:], value)
	d := storage.Lazy
	if durable {
		d = storage.Durable
	}
	t, err := s.Apply(b, d)
	if err == nil && durable {
		err = t.Wait()
	}
	return err
}

func (s *contract) close() error {
	var err error
	if s.c != nil {
		err = s.c.Close()
	}
	return errors.Join(err, s.Close())
}

// bareLog is the ceiling of durable commits: a log with nothing beside it. It gets the very records
// that the B+tree logs, and lives as the B+tree's log does: what was loaded is recycled, so
// that no new file is being zero-filled for it while it is measured.
type bareLog struct {
	*wal.Log
	suffix [8]byte
	order  sync.Mutex // of Append
}

func openBareLog(dir string) (*bareLog, error) {
	l, err := wal.Open(dir, 1, wal.Options{}, nil)
	if err != nil {
		return nil, err
	}
	s := &bareLog{Log: l}
	err = loadBatches(0, enginePairs, s.suffix[:], func(b *storage.Batch) error {
		_, err := s.append(b)
		return err
	})
	return s, errors.Join(err, s.Sync(), s.Recycle(s.Next()))
}

func (s *bareLog) append(b *storage.Batch) (lsn uint64, err error) {
	record := b.Encoded()
	s.order.Lock()
	defer s.order.Unlock()
	return s.Append(record)
}

func (s *bareLog) put(key, value []byte) error {
	b := batches.Get().(*storage.Batch)
	defer batches.Put(b)
	b.Reset()
	b.Set(key, s.suffix[:], value)
	lsn, err := s.append(b)
	if err != nil {
		return err
	}
	return s.Wait(lsn)
}

type pebbleStore struct {
	db *pebble.DB
	it *pebble.Iterator
}

func (s *pebbleStore) load(from, to int) error {
	value := []byte(strings.Repeat("v", valueBytes))
	b := s.db.NewBatch()
	for i := from; i < to; i++ {
		if err := b.Set(engineKey(i), value, nil); err != nil {
			return err
		}
		if b.Count() == 1000 || i == to-1 {
			if err := s.db.Apply(b, pebble.NoSync); err != nil {
				return err
			}
			b = s.db.NewBatch()
		}
	}
	return s.db.Flush()
}

func (s *pebbleStore) look() (err error) {
	if s.it != nil {
		err = s.it.Close()
	}
	if err == nil {
		s.it, err = s.db.NewIter(nil)
	}
	return err
}

func (s *pebbleStore) get(key []byte) (bool, error) {
	return s.it.SeekGE(key) && string(s.it.Key()) == string(key), s.it.Error()
}

func (s *pebbleStore) scan() (pairs int, err error) {
	for ok := s.it.First(); ok; ok = s.it.Next() {
		if _, err := s.it.ValueAndErr(); err != nil {
			return pairs, err
		}
		pairs++
	}
	return pairs, s.it.Error()
}

func (s *pebbleStore) put(key, value []byte, durable bool) error {
	return s.db.Set(key, value, &pebble.WriteOptions{Sync: durable})
}

func (s *pebbleStore) close() error {
	var err error
	if s.it != nil {
		err = s.it.Close()
	}
	return errors.Join(err, s.db.Close())
}

type boltStore struct {
	db *bbolt.DB
	tx *bbolt.Tx
}

var bucket = []byte("b")

func (s *boltStore) load(from, to int) error {
	value := []byte(strings.Repeat("v", valueBytes))
	for at := from; at < to; at += 50_000 {
		err := s.db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucket)
			for i := at; i < min(to, at+50_000) && err == nil; i++ {
				err = b.Put(engineKey(i), value)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *boltStore) look() (err error) {
	if s.tx != nil {
		err = s.tx.Rollback()
	}
	if err == nil {
		s.tx, err = s.db.Begin(false)
	}
	return err
}

func (s *boltStore) get(key []byte) (bool, error) { return s.tx.Bucket(bucket).Get(key) != nil, nil }

func (s *boltStore) scan() (pairs int, err error) {
	c := s.tx.Bucket(bucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		pairs++
	}
	return pairs, nil
}

func (s *boltStore) put(key, value []byte, durable bool) error {
	if s.tx != nil { // a reader holds up the file's growth
		if err := s.tx.Rollback(); err != nil {
			return err
		}
		s.tx = nil
	}
	set := func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key, value) }
	if durable {
		return s.db.Batch(set)
	}
	s.db.NoSync = true
	defer func() { s.db.NoSync = false }()
	return s.db.Update(set)
}

func (s *boltStore) close() error {
	var err error
	if s.tx != nil {
		err = s.tx.Rollback()
	}
	return errors.Join(err, s.db.Close())
}

type badgerStore struct {
	db *badger.DB
	tx *badger.Txn
}

func (s *badgerStore) load(from, to int) error {
	value := []byte(strings.Repeat("v", valueBytes))
	b := s.db.NewWriteBatch()
	for i := from; i < to; i++ {
		if err := b.Set(engineKey(i), value); err != nil {
			return err
		}
	}
	return errors.Join(b.Flush(), s.db.Sync())
}

func (s *badgerStore) look() error {
	if s.tx != nil {
		s.tx.Discard()
	}
	s.tx = s.db.NewTransaction(false)
	return nil
}

func (s *badgerStore) get(key []byte) (bool, error) {
	item, err := s.tx.Get(key)
	if err != nil {
		return false, err
	}
	return true, item.Value(func([]byte) error { return nil })
}

func (s *badgerStore) scan() (pairs int, err error) {
	it := s.tx.NewIterator(badger.DefaultIteratorOptions)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if err := it.Item().Value(func([]byte) error { return nil }); err != nil {
			return pairs, err
		}
		pairs++
	}
	return pairs, nil
}

func (s *badgerStore) put(key, value []byte, durable bool) error {
	err := s.db.Update(func(tx *badger.Txn) error { return tx.Set(key, value) })
	if err == nil && durable && !s.db.Opts().SyncWrites {
		err = s.db.Sync()
	}
	return err
}

func (s *badgerStore) close() error {
	if s.tx != nil {
		s.tx.Discard()
	}
	return s.db.Close()
}

// engines are opened with the same memory, each with its own defaults otherwise.
var engines = []struct {
	name string
	open func(dir string) (store, error)
}{
	{"btree", func(dir string) (store, error) {
		e, err := btree.Open(dir, btree.Options{MemoryBytes: 512 << 20})
		return &contract{Engine: e}, err
	}},
	{"lsm", func(dir string) (store, error) {
		e, err := lsm.Open(dir, lsm.Options{MemoryBytes: 512 << 20})
		return &contract{Engine: e}, err
	}},
	{"Pebble", func(dir string) (store, error) {
		cache := pebble.NewCache(448 << 20)
		defer cache.Unref()
		db, err := pebble.Open(dir, &pebble.Options{Cache: cache, MemTableSize: 64 << 20, Logger: quiet{}})
		return &pebbleStore{db: db}, err
	}},
	{"bbolt", func(dir string) (store, error) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, nil)
		return &boltStore{db: db}, err
	}},
	{"Badger", func(dir string) (store, error) {
		db, err := badger.Open(badger.DefaultOptions(dir).WithSyncWrites(true).WithLogger(nil))
		return &badgerStore{db: db}, err
	}},
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(f string, a ...any) {
	panic(fmt.Sprintf(f, a...))
}

// each runs f until a good part of a second is over, and returns nanoseconds a call.
func each(f func() error) (float64, error) {
	start := time.Now()
	for n := 1; ; n++ {
		if err := f(); err != nil {
			return 0, err
		}
		if n%64 == 0 || n < 8 {
			if d := time.Since(start); d > 700*time.Millisecond {
				return float64(d.Nanoseconds()) / float64(n), nil
			}
		}
	}
}

// commitRate returns durable commits a second of some writers.
func commitRate(writers int, put func(key, value []byte) error) (float64, error) {
	var wg sync.WaitGroup
	counts := make([]int, writers)
	errs := make([]error, writers)
	value := []byte(strings.Repeat("w", valueBytes))
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			for time.Since(start) < slice && errs[w] == nil {
				errs[w] = put(engineKey(rand.IntN(enginePairs)), value)
				counts[w]++
			}
		})
	}
	wg.Wait()
	d := time.Since(start)
	n := 0
	for _, c := range counts {
		n += c
	}
	return float64(n) / d.Seconds(), errors.Join(errs...)
}

// latency is what one load from memory costs that depends on the one before.
func latency() float64 {
	const n = 128 << 20 / 64
	next := make([][8]uint64, n)
	for i, p := range rand.Perm(n) {
		next[i][0] = uint64(p)
	}
	at := uint64(0)
	ns, _ := each(func() error {
		for range 64 {
			at = next[at][0]
		}
		return nil
	})
	return ns / 64
}

const (
	// Commits are measured in slices that alternate with slices of the bare log: the disk is
	// another from second to second.
	slice   = 200 * time.Millisecond
	repeats = 5
	// settle is for what loading left to the background: compactions, the log's next file.
	settle = time.Second
)

var writerCounts = []int{1, 4, 16, 64}

// enginesPart prints one table: reads and writes in memory, and durable commits, also as medians of
// ratios to the slice of the bare log just before.
func enginesPart() error {
	dir, err := os.MkdirTemp("", "minisql-engines")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	type cell struct{ engine, what string }
	samples := map[cell][]float64{}
	add := func(engine, what string, v float64) {
		samples[cell{engine, what}] = append(samples[cell{engine, what}], v)
	}
	measureReads := func(name string, s store) error {
		for _, hot := range []struct {
			what string
			n    int
		}{{"point get", enginePairs}, {"hot get", enginePairs / 10}} {
			key := engineKey(0)
			ns, err := each(func() error {
				binary.BigEndian.PutUint64(key, uint64(rand.IntN(hot.n))|1<<56)
				ok, err := s.get(key)
				if err == nil && !ok {
					err = errors.New("a key is missing")
				}
				return err
			})
			if err != nil {
				return err
			}
			add(name, hot.what, ns)
		}
		ns, err := each(func() error {
			n, err := s.scan()
			if err == nil && n != enginePairs {
				err = fmt.Errorf("%d pairs", n)
			}
			return err
		})
		add(name, "scan a pair", ns/enginePairs)
		return err
	}
	measureCommits := func(name string, s store) error {
		l, err := openBareLog(filepath.Join(dir, "log"))
		if err != nil {
			return err
		}
		defer os.RemoveAll(filepath.Join(dir, "log"))
		defer l.Close()
		time.Sleep(settle)
		for _, n := range writerCounts {
			for range repeats {
				limit, err := commitRate(n, l.put)
				if err != nil {
					return err
				}
				rate, err := commitRate(n, func(key, value []byte) error { return s.put(key, value, true) })
				if err != nil {
					return err
				}
				add("limit", commits(n), limit)
				add(name, commits(n), rate)
				add(name, ratio(n), rate/limit)
			}
		}
		return nil
	}
	measure := func(name string, s store) error {
		if err := errors.Join(s.load(0, enginePairs), s.look()); err != nil {
			return err
		}
		if *commitsOnly {
			return measureCommits(name, s)
		}
		if err := errors.Join(measureReads(name, s), measureCommits(name, s)); err != nil {
			return err
		}
		// Last, as what it leaves to the background disturbs.
		value := []byte(strings.Repeat("w", valueBytes))
		ns, err := each(func() error { return s.put(engineKey(rand.IntN(enginePairs)), value, false) })
		add(name, "random write", ns)
		return err
	}
	for round := range *rounds {
		if !*commitsOnly {
			add("limit", "point get", latency())
		}
		for _, e := range engines {
			s, err := e.open(filepath.Join(dir, fmt.Sprint(e.name, round)))
			if err == nil {
				err = errors.Join(measure(e.name, s), s.close())
			}
			if err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
	}

	fmt.Printf("\n%d pairs of about 115 bytes, in memory; medians of %d rounds. The limits are a dependent load from 128 MiB of memory, and the bare log.\n\n", enginePairs, *rounds)
	header := []any{""}
	for _, e := range engines {
		header = append(header, e.name)
	}
	row(append(header, "limit", "btree / limit")...)
	fmt.Println("| --- |" + strings.Repeat(" --: |", len(engines)+2))
	line := func(what, label string, last ...any) {
		cells := []any{label}
		for _, e := range engines {
			cells = append(cells, median(samples[cell{e.name, what}]))
		}
		row(append(cells, last...)...)
	}
	if !*commitsOnly {
		limit := median(samples[cell{"limit", "point get"}])
		line("point get", "point get, ns", limit, median(samples[cell{"btree", "point get"}])/limit)
		line("hot get", "hot get (a tenth of the keys), ns", "", "")
		line("scan a pair", "scan a pair, ns", "", "")
		line("random write", "random write, not waited for, ns", "", "")
	}
	for _, n := range writerCounts {
		line(commits(n), fmt.Sprintf("durable commits a second, writers: %d", n), median(samples[cell{"limit", commits(n)}]), "")
	}
	for _, n := range writerCounts {
		line(ratio(n), fmt.Sprintf("the same, of the bare log's, writers: %d", n), 1.0, median(samples[cell{"btree", ratio(n)}]))
	}
	return nil
}

func commits(writers int) string { return fmt.Sprint("commits, ", writers) }

func ratio(writers int) string { return fmt.Sprint("ratio, ", writers) }
