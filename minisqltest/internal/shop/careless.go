package shop

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Careless reads, decides, and writes.
type Careless struct{ base }

// NewCareless opens the shop; think is called between reading and writing.
func NewCareless(pool *pgxpool.Pool, think func()) Shop { return Careless{base{pool, think}} }

// Buy loses an update: both customers read the same stock.
func (s Careless) Buy(ctx context.Context, product int) error {
	return s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		var stock int
		if err := tx.QueryRow(ctx, `select stock from product where id = $1`, product).Scan(&stock); err != nil {
			return err
		}
		if stock == 0 {
			return ErrSoldOut
		}
		s.think()
		if _, err := tx.Exec(ctx, `update product set stock = $2 where id = $1`, product, stock-1); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into sale (product, pieces) values ($1, 1)`, product)
		return err
	})
}

// Checkout reads the price twice, which may have changed in between.
func (s Careless) Checkout(ctx context.Context, product int) (shown, charged int, err error) {
	err = s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select price from product where id = $1`, product).Scan(&shown); err != nil {
			return err
		}
		s.think()
		return tx.QueryRow(ctx, `insert into invoice (product, amount) select id, price from product where id = $1 returning amount`, product).Scan(&charged)
	})
	return shown, charged, err
}

// Order does not see the order that another one of the customer's is adding.
func (s Careless) Order(ctx context.Context, customer, amount int) error {
	return s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		var left int
		if err := tx.QueryRow(ctx, `select credit - (select coalesce(sum(amount), 0) from orders where customer = c.id)
			from customer c where id = $1`, customer).Scan(&left); err != nil {
			return err
		}
		if left < amount {
			return ErrCredit
		}
		s.think()
		_, err := tx.Exec(ctx, `insert into orders (customer, amount) values ($1, $2)`, customer, amount)
		return err
	})
}

// LeaveDuty relies on colleagues who may be leaving as well.
func (s Careless) LeaveDuty(ctx context.Context, name string) error {
	return s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		var others int
		if err := tx.QueryRow(ctx, `select count(*) from staff where on_call and name <> $1`, name).Scan(&others); err != nil {
			return err
		}
		if others == 0 {
			return ErrLastOnCall
		}
		s.think()
		_, err := tx.Exec(ctx, `update staff set on_call = false where name = $1`, name)
		return err
	})
}

// Report has two statements, each with a snapshot of its own.
func (s Careless) Report(ctx context.Context) (inStock, sold int, err error) {
	err = s.in(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select sum(stock) from product`).Scan(&inStock); err != nil {
			return err
		}
		s.think()
		return tx.QueryRow(ctx, `select coalesce(sum(pieces), 0) from sale`).Scan(&sold)
	})
	return inStock, sold, err
}
