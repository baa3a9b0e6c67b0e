package usage

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// chunkCells is how many values a table grows by. It is small, so copying or clearing a
// chunk takes no noticeable time.
const chunkCells = 256

// compareAfter is how many comparisons cost about as much as one row does elsewhere.
const compareAfter = 16

// table holds values by name. A busy service has hundreds of thousands at a time, and
// the garbage collector scans every object that may hold a pointer. T must hold none,
// so that it has nothing to scan.
type table[T any] struct {
	seed   maphash.Seed
	first  map[uint64]uint32 // place, counted from 1, of the latest name with the hash
	chunks []*chunk[T]
	n      int
}

type chunk[T any] struct {
	names []byte // first, so that the garbage collector scans no further
	cells [chunkCells]cell[T]
}

type cell[T any] struct {
	value    T
	from, to uint32 // of the name in its chunk
	next     uint32 // place of the next name with the same hash, 0 if none
}

func newTable[T any]() *table[T] {
	return &table[T]{seed: maphash.MakeSeed(), first: map[uint64]uint32{}}
}

// reset removes all values and keeps the memory.
func (t *table[T]) reset() {
	clear(t.first)
	t.n = 0
}

// find returns the value of the name, or nil.
func (t *table[T]) find(name []byte) *T { return t.lookup(maphash.Bytes(t.seed, name), name) }

func (t *table[T]) lookup(hash uint64, name []byte) *T {
	for place := t.first[hash]; place > 0; place = t.cell(int(place - 1)).next {
		if held, value := t.at(int(place - 1)); bytes.Equal(held, name) {
			return value
		}
	}
	return nil
}

// of returns the value of the name, creating a zero one if needed. Values do not move.
func (t *table[T]) of(name []byte) *T {
	hash := maphash.Bytes(t.seed, name)
	if found := t.lookup(hash, name); found != nil {
		return found
	}
	place := t.n % chunkCells
	if t.n/chunkCells == len(t.chunks) {
		t.chunks = append(t.chunks, &chunk[T]{names: make([]byte, 0, chunkCells*len(name))})
	}
	in := t.chunks[t.n/chunkCells]
	if place == 0 {
		in.names = in.names[:0] // of before a reset
	}
	from := len(in.names)
	in.names = append(in.names, name...)
	made := &in.cells[place]
	*made = cell[T]{}
	made.from, made.to, made.next = uint32(from), uint32(len(in.names)), t.first[hash] //nolint:gosec // G115: names are short
	t.n++
	t.first[hash] = uint32(t.n) //nolint:gosec // G115: at most some hundred thousand
	return &made.value
}

func (t *table[T]) cell(i int) *cell[T] { return &t.chunks[i/chunkCells].cells[i%chunkCells] }

// at returns the i-th name and its value, in insertion order.
func (t *table[T]) at(i int) ([]byte, *T) {
	c := t.cell(i)
	return t.chunks[i/chunkCells].names[c.from:c.to], &c.value
}

// sorted returns the places of all values, sorted by name.
func (t *table[T]) sorted(compare func(a, b []byte) int, rest *pause) []uint32 {
	places := make([]uint32, t.n)
	for i := range places {
		places[i] = uint32(i)
	}
	compared := 0
	slices.SortFunc(places, func(a, b uint32) int {
		if compared++; compared%compareAfter == 0 {
			rest.one()
		}
		x, _ := t.at(int(a))
		y, _ := t.at(int(b))
		return compare(x, y)
	})
	return places
}

// texts stores repeated texts once each, by number.
type texts struct {
	list   []string
	places map[string]uint32
}

func (t *texts) number(s string) uint32 {
	if n, ok := t.places[s]; ok {
		return n
	}
	return t.add(s)
}

// numberOf is number for a text in a buffer.
func (t *texts) numberOf(b []byte) uint32 {
	if n, ok := t.places[string(b)]; ok {
		return n
	}
	return t.add(string(b))
}

func (t *texts) add(s string) uint32 {
	if t.places == nil {
		t.places = map[string]uint32{}
	}
	n := uint32(len(t.list)) //nolint:gosec // G115: no more than there are values
	t.list, t.places[s] = append(t.list, s), n
	return n
}
