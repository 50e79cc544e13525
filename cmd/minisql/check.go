package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minisql/minisql"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR",
		Short: "Verify a database that nobody has open",
		Long: `Verify a database that nobody has open, without changing it.

Checked are the files with every checksum, the versions of every key, and in SQL that rows
and index entries fit together. Each fault is one line on standard output, and the exit status is
then 1. It goes from the files up, and no further than the first level with faults.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return check(ctx, args[0], cmd.OutOrStdout(), newProgress())
		},
	}
}

// faultsMax is how many faults are printed; one broken index can have millions.
const faultsMax = 1000

func check(ctx context.Context, path string, out io.Writer, bar *progress) error {
	printed := 0
	line := func(format string, args ...any) {
		bar.clear()
		fmt.Fprintf(out, format+"\n", args...)
	}
	faults, err := minisql.Check(ctx, path, &minisql.CheckReport{
		Fault: func(level, fault string) {
			if printed++; printed <= faultsMax {
				line("%s: FAULT: %s", level, fault)
			}
		},
		Level:    func(level, summary string) { line("%s: %s", level, summary) },
		Progress: bar.show,
	})
	bar.clear()
	switch {
	case err != nil:
		return err
	case faults > faultsMax:
		line("and %d more", faults-faultsMax)
		fallthrough
	case faults > 0:
		return fmt.Errorf("%s is not sound; faults: %d", path, faults)
	}
	line("%s is sound", path)
	return nil
}
