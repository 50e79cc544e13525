package exec

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/minisql/minisql/sqlerr"
)

// TestAdvisoryLocks tells stories of three sessions and one table of locks.
func TestAdvisoryLocks(t *testing.T) {
	one, two := advisoryKey{db: 1, n: 1}, advisoryKey{db: 1, n: 2}
	ex := func(k advisoryKey) advisoryRequest { return advisoryRequest{key: k, exclusive: true} }
	sh := func(k advisoryKey) advisoryRequest { return advisoryRequest{key: k} }
	setup := func() (*advisoryLocks, *Session, *Session, *Session) {
		return &advisoryLocks{}, &Session{pid: 1}, &Session{pid: 2}, &Session{pid: 3}
	}
	try := func(t *testing.T, l *advisoryLocks, s *Session, r advisoryRequest, want bool) {
		t.Helper()
		if ok, err := l.lock(t.Context(), s, r, false); ok != want || err != nil {
			t.Fatalf("session %d: try is %t, %v; want %t", s.pid, ok, err, want)
		}
	}
	wait := func(l *advisoryLocks, s *Session, r advisoryRequest) chan error {
		done := make(chan error, 1)
		go func() { _, err := l.lock(context.Background(), s, r, true); done <- err }()
		return done
	}

	t.Run("counts", func(t *testing.T) {
		l, a, b, _ := setup()
		try(t, l, a, ex(one), true)
		try(t, l, a, ex(one), true)
		try(t, l, b, sh(one), false)
		l.unlock(a, ex(one))
		try(t, l, b, sh(one), false)
		l.unlock(a, ex(one))
		try(t, l, b, sh(one), true)
		if l.unlock(a, ex(one)) {
			t.Error("a gave back what it did not have")
		}
		l.release(b, false)
		if len(l.entries) != 0 {
			t.Errorf("%d entries are left", len(l.entries))
		}
	})
	t.Run("transaction", func(t *testing.T) {
		l, a, b, _ := setup()
		r := ex(one)
		r.xact = true
		try(t, l, a, r, true)
		if l.unlock(a, ex(one)) {
			t.Error("unlock gave back a lock of the transaction")
		}
		try(t, l, b, sh(one), false)
		l.release(a, true)
		try(t, l, b, sh(one), true)
	})
	t.Run("queue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, b, c := setup()
			try(t, l, a, sh(one), true)
			second := wait(l, b, ex(one))
			synctest.Wait()
			try(t, l, c, sh(one), false) // behind b
			third := wait(l, c, sh(one))
			synctest.Wait()
			l.unlock(a, sh(one))
			if err := <-second; err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			select {
			case <-third:
				t.Fatal("c got the lock while b had it")
			default:
			}
			l.unlock(b, ex(one))
			if err := <-third; err != nil {
				t.Fatal(err)
			}
			if !l.unlock(c, sh(one)) {
				t.Error("c does not have what it was granted")
			}
		})
	})
	t.Run("cancel", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, b, c := setup()
			try(t, l, a, sh(one), true)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { _, err := l.lock(ctx, b, ex(one), true); done <- err }()
			synctest.Wait()
			third := wait(l, c, sh(one))
			synctest.Wait()
			cancel()
			if err := <-done; sqlerr.CodeOf(err) != sqlerr.QueryCanceled {
				t.Errorf("got %v", err)
			}
			if err := <-third; err != nil { // b no longer stands before c
				t.Error(err)
			}
		})
	})
	t.Run("deadlock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, b, _ := setup()
			try(t, l, a, ex(one), true)
			try(t, l, b, ex(two), true)
			first := wait(l, a, ex(two))
			synctest.Wait()
			_, err := l.lock(t.Context(), b, ex(one), true)
			if sqlerr.CodeOf(err) != sqlerr.DeadlockDetected || !strings.Contains(sqlerr.As(err).Detail, "Process 2 waits for ExclusiveLock on advisory lock [1,0,1,1]; blocked by process 1.\nProcess 1 waits") {
				t.Errorf("got %v", err)
			}
			l.release(b, false)
			if err := <-first; err != nil {
				t.Error(err)
			}
		})
	})
}
