package minisqltest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/minisqltest"
)

// exampleT stands in for a test's T, which an example does not have.
type exampleT struct{ fakeT }

func (t *exampleT) Logf(string, ...any) {}

// Two sales that read the stock, compute, and write it back. In a test, FailOnAnomaly in the place of
// OnAnomaly is all that there is to write.
func Example() {
	t := &exampleT{} // func TestSale(t *testing.T)
	defer t.end()
	ctx := context.Background()

	db := minisqltest.New(testing.TB(t),
		minisqltest.Setup(`create table product (id int primary key, stock int); insert into product values (1, 10)`),
		minisqltest.OnAnomaly(func(a minisql.Anomaly) { fmt.Println(a.Name, "of", a.Tables, "by", a.Statement) }))
	sell := func(between func()) error {
		return pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
			var stock int
			if err := tx.QueryRow(ctx, `select stock from product where id = 1`).Scan(&stock); err != nil {
				return err
			}
			between()
			_, err := tx.Exec(ctx, `update product set stock = $1 where id = 1`, stock-1)
			return err
		})
	}
	err := sell(func() {
		if err := sell(func() {}); err != nil { // another customer is quicker
			fmt.Println(err)
		}
	})
	var stock int
	_ = db.QueryRow(ctx, `select stock from product where id = 1`).Scan(&stock)
	fmt.Println("error:", err, "stock:", stock)
	// Output:
	// lost update of [product] by select stock from product where id = 1
	// error: <nil> stock: 9
}
