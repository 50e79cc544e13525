package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/anomaly"
)

// playOptions are the flags that anomalies and lab share.
type playOptions struct {
	storage string
	url     string
	levels  []string
	format  string
}

func (o *playOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.url, "url", "", "play on this server, in a schema that is dropped afterwards (default: a new database in memory)")
	f.StringVar(&o.storage, "storage", "", "storage engine of the database in memory: btree or lsm (default btree)")
	f.StringArrayVar(&o.levels, "level", nil, "isolation level, such as \"repeatable read\"; may be repeated (default all)")
	f.StringVar(&o.format, "format", "text", "text, markdown or html (one file, with drawings)")
}

// check refuses what cannot work, before anything is opened, and returns the levels.
func (o *playOptions) check() ([]anomaly.Level, error) {
	if err := minisql.Storage(o.storage).Check(); err != nil {
		return nil, err
	}
	if o.url != "" && o.storage != "" {
		return nil, errors.New("--storage is for a database in memory, and --url for another server's")
	}
	if !slices.Contains([]string{"text", "markdown", "html"}, o.format) {
		return nil, fmt.Errorf("--format %s: there are text, markdown and html", o.format)
	}
	if len(o.levels) == 0 {
		return anomaly.Levels, nil
	}
	var levels []anomaly.Level
	for _, s := range o.levels {
		l, err := anomaly.ParseLevel(s)
		if err != nil {
			return nil, err
		}
		levels = append(levels, l)
	}
	return levels, nil
}

// run plays scripts on the server that the flags name.
func (o *playOptions) run(ctx context.Context, scripts []*anomaly.Script, levels []anomaly.Level, serial bool) (r *anomaly.Report, err error) {
	server := anomaly.Server(anomaly.Wire(o.url))
	if o.url == "" {
		db, err := minisql.Open("", &minisql.Options{Storage: minisql.Storage(o.storage)})
		if err != nil {
			return nil, err
		}
		defer func() { _ = db.Close() }()
		server = embedded{db}
	}
	stage, err := anomaly.Open(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	r, err = stage.Run(ctx, scripts, levels, serial)
	if err == nil && o.url == "" {
		r.Server += fmt.Sprintf(", %s in memory", cmp.Or(o.storage, string(minisql.DefaultStorage)))
	}
	return r, err
}

func newAnomalies() *cobra.Command {
	var o playOptions
	var only []string
	var explain bool
	cmd := &cobra.Command{
		Use:   "anomalies [NAME]...",
		Short: "Show which isolation anomalies happen at which level",
		Long: `Show which isolation anomalies happen at which level.

Plays every phenomenon of the literature, from dirty writes to the read-only anomaly, step
by step in several sessions: in a database in memory, or on any server that speaks
PostgreSQL's protocol. Ends with status 1 if a level allows what it promises to prevent, or if
minisql aborts a transaction without need.`,
		Example: `  minisql anomalies
  minisql anomalies --explain G2-item --level 'repeatable read'
  minisql anomalies --url postgres://postgres@127.0.0.1:5432/postgres
  minisql anomalies --format html > anomalies.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			levels, err := o.check()
			if err != nil {
				return err
			}
			scripts, err := chosen(append(only, args...))
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			report, err := o.run(ctx, scripts, levels, explain || o.format == "html")
			if err != nil {
				return err
			}
			if err := o.print(cmd.OutOrStdout(), report, explain); err != nil {
				return err
			}
			return verdict(report)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringArrayVar(&only, "only", nil, "play this one; may be repeated, and written without the flag")
	cmd.Flags().BoolVar(&explain, "explain", false, "show what each is about and how it went, step by step")
	return cmd
}

// chosen finds cases by name; none means all.
func chosen(names []string) ([]*anomaly.Script, error) {
	all := anomaly.Cases()
	if len(names) == 0 {
		return all, nil
	}
	var list []*anomaly.Script
	for _, name := range names {
		s := anomaly.Find(name)
		if s == nil {
			var there []string
			for _, s := range all {
				there = append(there, s.Name)
			}
			return nil, fmt.Errorf("there is no case %q; there are %s", name, strings.Join(there, ", "))
		}
		list = append(list, s)
	}
	return list, nil
}

// print writes the report in the format asked for.
func (o *playOptions) print(w io.Writer, r *anomaly.Report, explain bool) error {
	switch {
	case o.format == "html":
		return r.HTML(w)
	case o.format == "markdown" && explain:
		return errors.Join(r.Markdown(w), fenced(w, r))
	case o.format == "markdown":
		return r.Markdown(w)
	case explain:
		return r.Explain(w)
	}
	if _, err := fmt.Fprintf(w, "%s\n\n", r.Server); err != nil {
		return err
	}
	if err := r.Text(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s", anomaly.Legend)
	return err
}

// fenced writes the timelines as a block of Markdown.
func fenced(w io.Writer, r *anomaly.Report) error {
	if _, err := io.WriteString(w, "\n```text\n"); err != nil {
		return err
	}
	if err := r.Explain(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "```\n")
	return err
}

// verdict is the error of a server that does not keep its promises. Other servers may
// abort controls, as PostgreSQL does: minisql may not.
func verdict(r *anomaly.Report) error {
	failures := r.Failures(strings.Contains(strings.ToLower(r.Server), "minisql"))
	if len(failures) == 0 {
		return nil
	}
	var told []string
	for _, o := range failures {
		told = append(told, fmt.Sprintf("%s at %s: %s", o.Script.Name, o.Level, o.Cell()))
	}
	return errors.New("what should not be:\n  " + strings.Join(told, "\n  "))
}
