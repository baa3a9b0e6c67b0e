package usage

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
)

// PackCells encodes the cells of a page: pairs of the distance to the previous cell and
// the count, as varints. A key that is used each minute takes about 200 bytes an
// hour.
func PackCells(cells map[Cell]uint64) []byte {
	b := make([]byte, 0, 3*len(cells))
	last := Cell(0)
	for _, c := range slices.Sorted(maps.Keys(cells)) {
		b = binary.AppendUvarint(b, uint64(c-last))
		b = binary.AppendUvarint(b, cells[c])
		last = c
	}
	return b
}

var errPacked = errors.New("stored counts are not of the form that this version writes")

// UnpackCells decodes what PackCells encoded.
func UnpackCells(b []byte) (map[Cell]uint64, error) {
	cells := map[Cell]uint64{}
	for at := uint64(0); len(b) > 0; {
		distance, n := binary.Uvarint(b)
		if n <= 0 || distance > math.MaxUint16 {
			return nil, errPacked
		}
		count, m := binary.Uvarint(b[n:])
		at += distance
		if m <= 0 || at > math.MaxUint16 {
			return nil, errPacked
		}
		cells[Cell(at)] += count
		b = b[n+m:]
	}
	return cells, nil
}
