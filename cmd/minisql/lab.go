package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/minisql/minisql/anomaly"
)

func newLab() *cobra.Command {
	var o playOptions
	cmd := &cobra.Command{
		Use:   "lab FILE",
		Short: "Play your own transactions against each other, step by step, at every level",
		Long: `Play your own transactions against each other, step by step, at every level.

The file says in which order the sessions act. Lines are "session: statement"; those
that begin with "setup:" come first, in a session of their own, and # is a comment:

  # Do both get the last ticket?
  setup: create table ticket (id int primary key, buyer text)
  setup: insert into ticket values (1, null)
  ada: begin
  bob: begin
  ada: select buyer from ticket where id = 1
  bob: select buyer from ticket where id = 1
  ada: update ticket set buyer = 'ada' where id = 1
  bob: update ticket set buyer = 'bob' where id = 1
  ada: commit
  bob: commit

A statement that has to wait is noted, and the next one goes on. Transactions have the level that is
being played unless they name one. The outcome is compared with every order in which the
transactions that committed could have run one after the other (up to four of them): the
results of their statements, and the tables at the end.`,
		Example: `  minisql lab tickets.txt
  minisql lab tickets.txt --level 'read committed' --url postgres://postgres@127.0.0.1:5432/postgres
  minisql lab tickets.txt --format html > tickets.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			levels, err := o.check()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			name := filepath.Base(args[0])
			script, err := anomaly.Parse(strings.TrimSuffix(name, filepath.Ext(name)), string(text))
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			report, err := o.run(ctx, []*anomaly.Script{script}, levels, true)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if err := o.print(w, report, true); err != nil || o.format != "text" {
				return err
			}
			if _, err := fmt.Fprintf(w, "\n%s\n", report.Server); err != nil {
				return err
			}
			return report.Summary(w)
		},
	}
	o.flags(cmd)
	return cmd
}
