// Command manual writes a manual page for each command of latchkey into a folder.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra/doc"

	"github.com/latchkey/latchkey/server"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: manual FOLDER VERSION DATE")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func write(folder, version, date string) error {
	at, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return fmt.Errorf("the date: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // G301: manual pages are for everybody
		return err
	}
	root := server.Command()
	root.DisableAutoGenTag = true // the same version gives the same bytes
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &at, Source: "latchkey " + version, Manual: "Latchkey"}, folder)
}
