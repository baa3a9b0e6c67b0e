package usage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"strings"
)

// ledger holds rows, one for each subject and minute.
type ledger struct {
	rows    *table[tallied]
	scopes  []scopeCell
	names   texts // of scopes
	holders texts // organization and account, shared by many rows

	name, holder []byte // buffers for the last name and holder built

	source  ledgerUse // that addFrom read last
	numbers []uint32  // of its holders here, plus one; 0 if not looked up yet
	uses    int       // how often it was reset
}

// ledgerUse is a ledger until it is reset.
type ledgerUse struct {
	*ledger
	use int
}

// tallied is the content of a row, apart from its name.
type tallied struct {
	counts [MaxOutcomes]uint32
	scopes uint32 // place, counted from 1, of its first cell
}

type scopeCell struct {
	n    uint64
	name uint32
	next uint32
}

func newLedger() *ledger { return &ledger{rows: newTable[tallied]()} }

func (l *ledger) len() int { return l.rows.n }

// reset empties the ledger and keeps its memory.
func (l *ledger) reset() {
	l.rows.reset()
	l.scopes = l.scopes[:0]
	l.names, l.holders = texts{}, texts{}
	l.source, l.numbers = ledgerUse{}, l.numbers[:0]
	l.uses++
}

// subject identifies a row. Ids contain no NUL.
type subject struct {
	key          []byte
	organization string
	account      string
	minute       uint64
}

func (l *ledger) nameOf(w *row) []byte {
	return nameIn(l, w.KeyID, w.OrganizationID, w.AccountID, uint64(w.minute)) //nolint:gosec // G115: after 1970
}

// nameIn returns the subject's name in the ledger: the key, the minute and a number
// for the holder. The name is valid until the next call.
func nameIn[T string | []byte](l *ledger, key T, organization, account string, minute uint64) []byte {
	l.holder = append(append(append(l.holder[:0], organization...), 0), account...)
	l.name = append(append(l.name[:0], key...), 0)
	l.name = binary.BigEndian.AppendUint64(l.name, minute)
	l.name = binary.BigEndian.AppendUint32(l.name, l.holders.numberOf(l.holder))
	return l.name
}

func (l *ledger) subjectOf(name []byte) (s subject) {
	var rest []byte
	s.key, rest, _ = bytes.Cut(name, []byte{0})
	s.minute = binary.BigEndian.Uint64(rest)
	s.organization, s.account, _ = strings.Cut(l.holders.list[binary.BigEndian.Uint32(rest[8:])], "\x00")
	return s
}

// compare returns the order of rows, which is the same in every process.
func (l *ledger) compare(a, b []byte) int {
	x, y := l.subjectOf(a), l.subjectOf(b)
	if c := bytes.Compare(x.key, y.key); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(x.organization, y.organization), cmp.Compare(x.minute, y.minute), strings.Compare(x.account, y.account))
}

func (l *ledger) has(w *row) bool { return l.rows.find(l.nameOf(w)) != nil }

// add adds the row to the one of its subject and minute. It does not retain w.
func (l *ledger) add(w *row) {
	there := l.rows.of(l.nameOf(w))
	for i, n := range w.counts {
		there.counts[i] += n
	}
	for _, s := range w.scopes {
		l.addScope(there, s)
	}
}

func (l *ledger) addScope(to *tallied, s scopeCount) {
	name := l.names.number(s.name)
	for at := to.scopes; at > 0; at = l.scopes[at-1].next {
		if l.scopes[at-1].name == name {
			l.scopes[at-1].n += s.n
			return
		}
	}
	l.scopes = append(l.scopes, scopeCell{n: s.n, name: name, next: to.scopes})
	to.scopes = uint32(len(l.scopes)) //nolint:gosec // G115: a few for each row
}

// addFrom adds the i-th row of another ledger.
func (l *ledger) addFrom(other *ledger, i int) {
	name, t := other.rows.at(i)
	there := l.rows.of(l.renamed(other, name))
	for o, n := range t.counts {
		there.counts[o] += n
	}
	for scope, n := range other.scopesOf(t) {
		l.addScope(there, scopeCount{scope, n})
	}
}

// renamed returns the name here of another ledger's row: only the number of its holder
// differs. It is valid until the next call.
func (l *ledger) renamed(other *ledger, name []byte) []byte {
	if from := (ledgerUse{other, other.uses}); l.source != from {
		l.source, l.numbers = from, l.numbers[:0]
	}
	l.numbers = append(l.numbers, make([]uint32, len(other.holders.list)-len(l.numbers))...)
	at := len(name) - 4
	theirs := binary.BigEndian.Uint32(name[at:])
	if l.numbers[theirs] == 0 {
		l.numbers[theirs] = l.holders.number(other.holders.list[theirs]) + 1
	}
	l.name = append(l.name[:0], name...)
	binary.BigEndian.PutUint32(l.name[at:], l.numbers[theirs]-1)
	return l.name
}

// scopesOf returns the scopes of a row and how often each was requested.
func (l *ledger) scopesOf(t *tallied) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for at := t.scopes; at > 0; at = l.scopes[at-1].next {
			if !yield(l.names.list[l.scopes[at-1].name], l.scopes[at-1].n) {
				return
			}
		}
	}
}

// row returns the i-th row.
func (l *ledger) row(i int) *row {
	name, t := l.rows.at(i)
	of := l.subjectOf(name)
	w := &row{counts: t.counts, minute: int64(of.minute)} //nolint:gosec // G115: as it was put there
	w.Subject = Subject{KeyID: string(of.key), OrganizationID: of.organization, AccountID: of.account}
	for scope, n := range l.scopesOf(t) {
		w.scopes = append(w.scopes, scopeCount{scope, n})
	}
	return w
}

// some returns the rows from (inclusive) to to (exclusive), in insertion order.
func (l *ledger) some(from, to int) []*row {
	to = min(to, l.len())
	rows := make([]*row, 0, max(0, to-from))
	for i := from; i < to; i++ {
		rows = append(rows, l.row(i))
	}
	return rows
}

// round is a ledger that is being moved to pages. Every process moves it in the same
// order, so a count of its rows means the same to the next owner of a journal.
// Neighbours share pages of the store.
type round struct {
	of    *ledger
	order []uint32
}

func roundOf(l *ledger, rest *pause) *round { return &round{l, l.rows.sorted(l.compare, rest)} }

// some returns up to most rows after the first done ones.
func (r *round) some(done, most int) []*row {
	next := r.order[min(done, len(r.order)):]
	next = next[:min(len(next), most)]
	rows := make([]*row, len(next))
	for i, place := range next {
		rows[i] = r.of.row(int(place))
	}
	return rows
}
