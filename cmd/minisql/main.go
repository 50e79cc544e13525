// Command minisql is a PostgreSQL-compatible SQL database in one binary.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/minisql/minisql/cmd/minisql/shell"
)

func main() {
	if err := newRoot().Execute(); err != nil {
		if !errors.Is(err, shell.ErrFailed) { // which has been told
			fmt.Fprintln(os.Stderr, "minisql:", err)
		}
		os.Exit(1)
	}
}
