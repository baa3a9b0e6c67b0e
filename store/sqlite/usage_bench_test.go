package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/usage"
)

// BenchmarkAddUsage is what a flush of 500 keys costs, each of which has pages
// by the minute, hour and day. It tells keys a second, and bytes a key on disk.
func BenchmarkAddUsage(b *testing.B) {
	path := filepath.Join(b.TempDir(), "latchkey.db")
	s := openFor(b, path)
	const keys, batch = 20_000, 500
	start := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	var written, round int
	for b.Loop() {
		pages := make([]usage.Page, 0, 3*batch)
		for i := range batch {
			of := usage.Subject{KeyID: fmt.Sprintf("key_%032d", (written+i)%keys), AccountID: "sa_a", OrganizationID: "org_a"}
			cells := map[usage.Cell]uint64{usage.Cell(round % 60 * usage.MaxOutcomes): 7}
			for _, level := range []usage.Level{usage.Minutes, usage.Hours, usage.Days} {
				pages = append(pages, usage.Page{Kind: usage.OfKey, Level: level, Start: start, Subject: of, Cells: cells})
			}
		}
		if err := s.AddUsage(b.Context(), pages, journal.Progress{}); err != nil {
			b.Fatal(err)
		}
		written += batch
		round = written / keys
	}
	b.ReportMetric(float64(written)/b.Elapsed().Seconds(), "keys/s")
	if info, err := os.Stat(path); err == nil {
		b.ReportMetric(float64(info.Size())/float64(min(written, keys)), "bytes/key")
	}
}
