package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minisql/minisql"
)

func newConvert() *cobra.Command {
	var storage string
	cmd := &cobra.Command{
		Use:   "convert SRC DST --storage btree|lsm",
		Short: "Copy a database to another storage engine",
		Long: `Copy a database that nobody has open into a new directory, to another storage engine.

Everything is copied, past versions too. SRC does not change. DST must not exist; it has its
name only when it is complete, and after an error or an interrupt nothing is left of it.`,
		Example: `  minisql convert ./data ./data-lsm --storage lsm`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			bar := newProgress()
			err := minisql.Convert(ctx, args[0], args[1], minisql.Storage(storage), func(done, total int64) { bar.show("convert", done, total) })
			bar.clear()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has the database of %s, with %s\n", args[1], args[0], storage)
			return err
		},
	}
	cmd.Flags().StringVar(&storage, "storage", "", "storage engine of DST: btree or lsm")
	_ = cmd.MarkFlagRequired("storage") // it exists
	return cmd
}
