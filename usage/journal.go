package usage

import (
	"encoding/binary"

	"github.com/latchkey/latchkey/internal/journal"
)

// entryRows is the most rows in an entry, so that it fits into a document.
const entryRows = 1000

// pack encodes the rows from (inclusive) to to (exclusive), in insertion order. A text
// that occurred before is written as its position.
func (l *ledger) pack(from, to int, rest *pause) []byte {
	p := packing{known: map[string]uint64{}}
	p.number(uint64(to - from)) //nolint:gosec // G115: to is not before from
	for i := from; i < to; i++ {
		rest.one()
		name, t := l.rows.at(i)
		of := l.subjectOf(name)
		p.once(of.key)
		p.text(of.account)
		p.text(of.organization)
		p.number(of.minute)
		for _, n := range t.counts {
			p.number(uint64(n))
		}
		l.packScopes(&p, t)
	}
	return p.b
}

func (l *ledger) packScopes(p *packing, t *tallied) {
	n := uint64(0)
	for range l.scopesOf(t) {
		n++
	}
	p.number(n)
	for name, n := range l.scopesOf(t) {
		p.text(name)
		p.number(n)
	}
}

type packing struct {
	b     []byte
	texts uint64 // number of texts written
	known map[string]uint64
}

func (p *packing) number(n uint64) { p.b = binary.AppendUvarint(p.b, n) }

// once encodes a text that is unlikely to repeat.
func (p *packing) once(s []byte) {
	p.texts++
	p.number(0)
	p.number(uint64(len(s)))
	p.b = append(p.b, s...)
}

func (p *packing) text(s string) {
	if at, ok := p.known[s]; ok {
		p.number(at)
		return
	}
	p.once([]byte(s))
	p.known[s] = p.texts
}

// unpackRows decodes what pack encoded.
func unpackRows(b []byte) ([]*row, error) {
	u := unpacking{b: b}
	n := u.number()
	if n > uint64(len(b)) {
		return nil, errPacked
	}
	rows := make([]*row, 0, n)
	for range n {
		w := &row{}
		w.KeyID, w.AccountID, w.OrganizationID = u.text(), u.text(), u.text()
		w.minute = int64(u.number()) //nolint:gosec // G115: as it was encoded
		for i := range w.counts {
			w.counts[i] = uint32(u.number()) //nolint:gosec // G115: as it was encoded
		}
		scopes := u.number()
		for range scopes {
			name := u.text()
			if w.addScope(name, u.number()); u.failed {
				break
			}
		}
		if u.failed {
			return nil, errPacked
		}
		rows = append(rows, w)
	}
	if len(u.b) > 0 {
		return nil, errPacked
	}
	return rows, nil
}

type unpacking struct {
	b      []byte
	known  []string
	failed bool
}

func (u *unpacking) number() uint64 {
	n, size := binary.Uvarint(u.b)
	if size <= 0 {
		u.failed, u.b = true, nil
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacking) text() string {
	if at := u.number(); at > 0 {
		if at > uint64(len(u.known)) {
			u.failed = true
			return ""
		}
		return u.known[at-1]
	}
	size := u.number()
	if size > uint64(len(u.b)) {
		u.failed = true
		return ""
	}
	s := string(u.b[:size])
	u.known, u.b = append(u.known, s), u.b[size:]
	return s
}

// unfinished returns the rows of the entries that are not in pages yet.
func unfinished(p journal.Progress, entries []journal.Entry) (*ledger, error) {
	begun, left := newLedger(), newLedger()
	for _, e := range entries {
		rows, err := unpackRows(e.Data)
		if err != nil {
			return nil, err
		}
		into := left
		if e.Number <= p.Through {
			into = begun
		}
		for _, w := range rows {
			into.add(w)
		}
	}
	for _, w := range roundOf(begun, &pause{}).some(p.Rows, begun.len()) {
		left.add(w)
	}
	return left, nil
}
