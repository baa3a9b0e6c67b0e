package source

import (
	"context"
	"testing"
)

// BenchmarkRead reports rows per second of each way to read, in one goroutine.
func BenchmarkRead(b *testing.B) {
	for name, file := range manyFiles() {
		b.Run(name, func(b *testing.B) {
			rows := 0
			for b.Loop() {
				err := Read(context.Background(), name, []File{file}, func(Row) error {
					rows++
					return nil
				}, func(Problem) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
