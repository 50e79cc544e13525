package main

import "github.com/spf13/cobra"

// newRoot makes the tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "minisql",
		Short:         "A PostgreSQL-compatible SQL database in one binary",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	addShell(root)
	root.AddCommand(newServe(), newCheck(), newConvert(), newAnomalies(), newLab(), newVersion())
	return root
}
