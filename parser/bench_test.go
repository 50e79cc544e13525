package parser

import (
	"strings"
	"testing"
)

// BenchmarkParse asks what a statement costs before the statement cache can know
// it: a point select should take at most 2 µs.
func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, sql string }{
		{"point", "SELECT id, name, balance FROM accounts WHERE id = 42"},
		{"pgbench", "UPDATE pgbench_accounts SET abalance = abalance + 123 WHERE aid = 4567"},
		{"join", "SELECT o.id, c.name, sum(l.price * l.qty) AS total FROM orders o JOIN customers c ON c.id = o.customer_id " +
			"LEFT JOIN lines l ON l.order_id = o.id WHERE o.created_at > now() - interval '7 days' AND c.country IN ('CH', 'DE') " +
			"GROUP BY o.id, c.name HAVING count(*) > 1 ORDER BY total DESC NULLS LAST LIMIT 20"},
		{"rows=1000", "INSERT INTO t VALUES (1, 'some text', 2.5, NULL)" + strings.Repeat(", (1, 'some text', 2.5, NULL)", 999)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.sql)))
			for b.Loop() {
				if _, err := Parse(c.sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNormalize asks what the cache key of a point select costs; it has to be
// well below parsing to be worth it.
func BenchmarkNormalize(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := Normalize("SELECT id, name, balance FROM accounts WHERE id = 42"); !ok {
			b.Fatal("not normalised")
		}
	}
}
