package minisql_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/minisql/minisql"
)

func Example() {
	ctx := context.Background()
	db, err := minisql.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()

	if _, err := db.Exec(ctx, `create table city (id int primary key, name text not null, people int)`); err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, `insert into city values ($1, $2, $3), (2, 'Paris', 2100000)`, 1, "Berlin", 3700000); err != nil {
		log.Fatal(err)
	}
	rows, err := db.Query(ctx, `select name, people from city order by people desc`)
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var people int
		if err := rows.Scan(&name, &people); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, people)
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Berlin 3700000
	// Paris 2100000
}

func ExampleDB_RunTx() {
	ctx := context.Background()
	db, err := minisql.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(ctx, `create table account (id int primary key, balance int check (balance >= 0)); insert into account values (1, 100), (2, 0)`); err != nil {
		log.Fatal(err)
	}
	transfer := func(amount int) error {
		return db.RunTx(ctx, minisql.TxOptions{IsoLevel: minisql.RepeatableRead}, func(tx minisql.Tx) error {
			if _, err := tx.Exec(ctx, `update account set balance = balance - $1 where id = 1`, amount); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `update account set balance = balance + $1 where id = 2`, amount)
			return err
		})
	}
	fmt.Println(transfer(30))
	fmt.Println(minisql.CodeOf(transfer(80)))
	// Output:
	// <nil>
	// 23514
}

func ExampleCollectRows() {
	ctx := context.Background()
	db, err := minisql.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()

	type city struct {
		Name   string
		People int
	}
	rows, _ := db.Query(ctx, `select * from (values ('Berlin', 3700000), ('Paris', 2100000)) as c (name, people)`)
	cities, err := minisql.CollectRows(rows, minisql.RowToStructByName[city])
	fmt.Println(cities, err)
	// Output: [{Berlin 3700000} {Paris 2100000}] <nil>
}

func Example_databaseSQL() {
	db, err := sql.Open("minisql", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var sum int
	err = db.QueryRow(`select sum(n) from generate_series(1, $1) n`, 10).Scan(&sum)
	fmt.Println(sum, err)
	// Output: 55 <nil>
}

func ExampleSession_CopyFrom() {
	ctx := context.Background()
	db, err := minisql.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s, err := db.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Release()
	if _, err := s.Exec(ctx, `create table point (x float8, y float8)`); err != nil {
		log.Fatal(err)
	}
	n, err := s.CopyFrom(ctx, minisql.Identifier{"point"}, []string{"x", "y"}, minisql.CopyFromRows([][]any{{1, 2}, {3.5, nil}}))
	fmt.Println(n, err)
	// Output: 2 <nil>
}
