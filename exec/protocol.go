package exec

// What a session's owner needs beyond running statements: prepared statements
// with a name, reuse of those without, and errors of its own finding.

import "github.com/minisql/minisql/sqlerr"

// Named returns the prepared statement with a name, whether PREPARE or the owner
// made it; nil if there is none.
func (s *Session) Named(name string) *Prepared { return s.prepared[name] }

// Name gives a prepared statement a name, so that EXECUTE and DEALLOCATE find it.
func (s *Session) Name(p *Prepared, name string) error {
	if s.prepared[name] != nil {
		return sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", name)
	}
	p.Name = name
	s.prepared[name] = p
	return nil
}

// Forget drops a named statement, if there is one. Its portals go on.
func (s *Session) Forget(name string) { delete(s.prepared, name) }

// Fresh reports whether Prepare would find the same parameters and columns again.
// Owners that keep statements without the client's knowledge prepare them anew if not,
// where a named statement fails with "cached plan must not change result type".
func (s *Session) Fresh(p *Prepared) bool {
	if p.plan == nil {
		return p.columns == nil // what SHOW, FETCH or EXPLAIN returns depends on the moment
	}
	if p.version.setting != s.settings.epoch {
		return false
	}
	newest := uint64(s.srv.mgr.SchemaVersion())
	if s.ddl > 0 {
		return s.own != nil && s.ownAt == (ownVersion{s.ddl, newest}) && p.version.catalog == s.own.cat.Version
	}
	return p.version.catalog == newest*2 || s.old != nil && p.version.catalog == s.old.cat.Version
}

// Fail notes an error that the owner has found, such as text that does not parse or a
// parameter that cannot be read: it fails the transaction as an error of a
// statement does.
func (s *Session) Fail(err error) error { return asError(s.fail(err)) }
