package usage

import (
	"reflect"
	"testing"
)

func someRows() []*row {
	rows := []*row{
		{Subject: Subject{KeyID: "key_a", AccountID: "sa_a", OrganizationID: "org_a"}, minute: 1_795_000_020},
		{Subject: Subject{KeyID: "key_b", AccountID: "sa_a", OrganizationID: "org_a"}, minute: 1_795_000_080, scopes: []scopeCount{
			{"a:b", 1},
			{"c:*", 1 << 40},
		}},
		{Subject: Subject{}, minute: 1_795_000_080},
	}
	rows[0].counts[0], rows[0].counts[MaxOutcomes-1] = 1, 1<<32-1
	return rows
}

func ledgerOf(rows []*row) *ledger {
	l := newLedger()
	for _, w := range rows {
		l.add(w)
	}
	return l
}

func packed(rows []*row) []byte {
	l := ledgerOf(rows)
	return l.pack(0, l.len(), &pause{})
}

func TestRowsArePackedAndUnpacked(t *testing.T) {
	t.Parallel()
	l := ledgerOf(someRows())
	got, err := unpackRows(l.pack(0, l.len(), &pause{}))
	if want := l.some(0, l.len()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if some, err := unpackRows(l.pack(1, 2, &pause{})); err != nil || !reflect.DeepEqual(some, l.some(1, 2)) {
		t.Errorf("a part of them: %v, %v", some, err)
	}
}

func TestRowsOfOneLedgerAreAddedToAnother(t *testing.T) {
	t.Parallel()
	from, to := ledgerOf(someRows()), ledgerOf(someRows()[1:])
	for i := range from.len() {
		to.addFrom(from, i)
	}
	w := someRows()[1]
	w.scopes = []scopeCount{{"c:*", 1 << 41}, {"a:b", 2}}
	if got := to.row(0); to.len() != 3 || !reflect.DeepEqual(got, w) {
		t.Errorf("%d rows, the first is %v", to.len(), got)
	}
}

// Data of another version must not do more than fail.
func FuzzUnpackRows(f *testing.F) {
	f.Add(packed(someRows()))
	f.Add(packed(nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := unpackRows(data)
		if err != nil {
			return
		}
		again, err := unpackRows(packed(rows))
		if n := ledgerOf(rows).len(); err != nil || len(again) != n {
			t.Errorf("%d rows became %d, %v", n, len(again), err)
		}
	})
}
