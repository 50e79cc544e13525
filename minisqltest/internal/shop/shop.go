// Package shop is a small web shop, written with pgx at READ COMMITTED, twice: as it is often written,
// and as it should be. Its tests run concurrent customers against both, and want the race detector to
// name what the first does wrong and to be silent about the second.
//
//	Careless, Careful ──SQL──▶ pgx pool ──▶ a database of the test's own (minisqltest)
//	     └──Think, between two statements──▶ the test, which lets another customer in
//
// It is test code: what enters and leaves is only of interest to shop_test.go.
package shop

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Schema makes the tables.
const Schema = `
create table product (id int primary key, price int not null, stock int not null);
create table sale (id serial primary key, product int not null, pieces int not null);
create table invoice (id serial primary key, product int not null, amount int not null);
create table customer (id int primary key, credit int not null);
create table orders (id serial primary key, customer int not null, amount int not null);
create index on orders (customer);
create table staff (name text primary key, on_call bool not null);

insert into product values (1, 50, 1), (2, 70, 10);
insert into customer values (1, 100);
insert into staff values ('ada', true), ('bob', true);
`

// Shop is what both shops do.
type Shop interface {
	// Buy sells one piece, if there is one in stock.
	Buy(ctx context.Context, product int) error
	// Checkout writes an invoice and returns the price that the customer was shown and the one charged.
	Checkout(ctx context.Context, product int) (shown, charged int, err error)
	// Reprice changes a price.
	Reprice(ctx context.Context, product, price int) error
	// Order takes an order, if all of the customer's together are within the credit.
	Order(ctx context.Context, customer, amount int) error
	// LeaveDuty takes somebody off call, if somebody else is.
	LeaveDuty(ctx context.Context, name string) error
	// Report counts the pieces in stock and those sold.
	Report(ctx context.Context) (inStock, sold int, err error)
}

// What a shop refuses.
var (
	ErrSoldOut    = errors.New("sold out")
	ErrCredit     = errors.New("over the credit")
	ErrLastOnCall = errors.New("nobody else is on call")
)

// base is what the shops have in common.
type base struct {
	pool *pgxpool.Pool
	// think is called within a transaction, where a program computes, asks another service, or just
	// takes its time.
	think func()
}

// in runs f in a transaction.
func (b base) in(ctx context.Context, o pgx.TxOptions, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, b.pool, o, f)
}

func (b base) Reprice(ctx context.Context, product, price int) error {
	_, err := b.pool.Exec(ctx, `update product set price = $2 where id = $1`, product, price)
	return err
}
