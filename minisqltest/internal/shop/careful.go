package shop

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Careful decides in the statement that writes, locks what a decision rests on, or reads one snapshot.
type Careful struct{ base }

// NewCareful opens the shop; think is called where Careless calls it, or as near as may be.
func NewCareful(pool *pgxpool.Pool, think func()) Shop { return Careful{base{pool, think}} }

// Buy has the statement that changes the stock look at it.
func (s Careful) Buy(ctx context.Context, product int) error {
	return s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update product set stock = stock - 1 where id = $1 and stock > 0`, product)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrSoldOut
		}
		s.think()
		_, err = tx.Exec(ctx, `insert into sale (product, pieces) values ($1, 1)`, product)
		return err
	})
}

// Checkout locks the price that it shows.
func (s Careful) Checkout(ctx context.Context, product int) (shown, charged int, err error) {
	err = s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select price from product where id = $1 for share`, product).Scan(&shown); err != nil {
			return err
		}
		s.think()
		return tx.QueryRow(ctx, `insert into invoice (product, amount) select id, price from product where id = $1 returning amount`, product).Scan(&charged)
	})
	return shown, charged, err
}

// Order locks the customer, who stands for the rule, and then sums up: the order that another one
// adds cannot be locked, as it is not there yet.
func (s Careful) Order(ctx context.Context, customer, amount int) error {
	return s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		var credit, used int
		if err := tx.QueryRow(ctx, `select credit from customer where id = $1 for update`, customer).Scan(&credit); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `select coalesce(sum(amount), 0) from orders where customer = $1`, customer).Scan(&used); err != nil {
			return err
		}
		if used+amount > credit {
			return ErrCredit
		}
		s.think()
		_, err := tx.Exec(ctx, `insert into orders (customer, amount) values ($1, $2)`, customer, amount)
		return err
	})
}

// LeaveDuty locks everybody on call.
func (s Careful) LeaveDuty(ctx context.Context, name string) error {
	return s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select name from staff where on_call order by name for update`)
		if err != nil {
			return err
		}
		onCall, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		switch {
		case !slices.Contains(onCall, name):
			return nil
		case len(onCall) == 1:
			return ErrLastOnCall
		}
		s.think()
		_, err = tx.Exec(ctx, `update staff set on_call = false where name = $1`, name)
		return err
	})
}

// Report reads one snapshot.
func (s Careful) Report(ctx context.Context) (inStock, sold int, err error) {
	err = s.in(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select sum(stock) from product`).Scan(&inStock); err != nil {
			return err
		}
		s.think()
		return tx.QueryRow(ctx, `select coalesce(sum(pieces), 0) from sale`).Scan(&sold)
	})
	return inStock, sold, err
}
