package minisqltest

import (
	"testing"

	"github.com/minisql/minisql"
)

// Option changes what New opens.
type Option func(*config)

type config struct {
	t         testing.TB
	db        minisql.Options
	setup     []string
	onAnomaly []func(minisql.Anomaly)
}

// On chooses the storage engine.
func On(s minisql.Storage) Option { return func(c *config) { c.db.Storage = s } }

// Setup runs SQL, of any number of statements, once the database is open.
func Setup(sql string) Option { return func(c *config) { c.setup = append(c.setup, sql) } }

// Setting is a run-time parameter that all sessions start with.
func Setting(name, value string) Option { return func(c *config) { c.db.Settings[name] = value } }

// FailOnAnomaly has the test fail, and go on, whenever a transaction commits what SERIALIZABLE would have
// prevented: a lost update, write skew and so on. The failure's text names the
// transactions, their statements and the rows. All transactions are watched, those of Setup too.
func FailOnAnomaly() Option {
	return func(c *config) {
		c.onAnomaly = append(c.onAnomaly, func(a minisql.Anomaly) {
			c.t.Errorf("anomaly: %s of pid %d in %q\n%s", a.Name, a.PID, a.Statement, a.Explanation)
		})
	}
}

// OnAnomaly has f called for what FailOnAnomaly would fail for; see minisql.Options.OnAnomaly.
func OnAnomaly(f func(minisql.Anomaly)) Option {
	return func(c *config) { c.onAnomaly = append(c.onAnomaly, f) }
}
