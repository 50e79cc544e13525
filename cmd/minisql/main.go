// Command minisql is a PostgreSQL-compatible SQL database in one binary.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := newRoot().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "minisql:", err)
		os.Exit(1)
	}
}
