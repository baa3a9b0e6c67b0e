package usage_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/usage"
)

func TestPackedCellsComeBack(t *testing.T) {
	t.Parallel()
	for _, cells := range []map[usage.Cell]uint64{
		{},
		{0: 1},
		{0: 1, 15: 1 << 62, 16: 7, 959: 3, 65535: 1},
	} {
		got, err := usage.UnpackCells(usage.PackCells(cells))
		if err != nil || !cmp.Equal(got, cells) {
			t.Errorf("%v came back as %v, %v", cells, got, err)
		}
	}
}

// A key that is used a hundred times each minute of an hour.
func TestAPageIsSmall(t *testing.T) {
	t.Parallel()
	cells := map[usage.Cell]uint64{}
	for minute := range 60 {
		cells[usage.Cell(minute*16)] = 100
	}
	if n := len(usage.PackCells(cells)); n > 130 {
		t.Errorf("an hour takes %d bytes", n)
	}
}

func FuzzUnpackedCellsPackAgain(f *testing.F) {
	f.Add([]byte{})
	f.Add(usage.PackCells(map[usage.Cell]uint64{0: 1, 959: 300}))
	f.Add([]byte{0x80})
	f.Add([]byte{1, 1, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		cells, err := usage.UnpackCells(b)
		if err != nil {
			return
		}
		again, err := usage.UnpackCells(usage.PackCells(cells))
		if err != nil || !cmp.Equal(again, cells) {
			t.Errorf("%x: %v came back as %v, %v", b, cells, again, err)
		}
	})
}
