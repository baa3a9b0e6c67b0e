package usage

import (
	"reflect"
	"testing"
)

func someRows() []*row {
	rows := []*row{
		{Subject: Subject{KeyID: "key_a", AccountID: "sa_a", OrganizationID: "org_a"}, minute: 1_795_000_020},
		{Subject: Subject{KeyID: "key_b", AccountID: "sa_a", OrganizationID: "org_a"}, minute: 1_795_000_080, scopes: []scopeCount{{"a:b", 1}, {"c:*", 1 << 40}}},
		{Subject: Subject{}, minute: 1_795_000_080},
	}
	rows[0].counts[0], rows[0].counts[MaxOutcomes-1] = 1, 1<<32-1
	return rows
}

func TestRowsArePackedAndUnpacked(t *testing.T) {
	t.Parallel()
	got, err := unpackRows(packRows(someRows(), &pause{}))
	if err != nil || !reflect.DeepEqual(got, someRows()) {
		t.Errorf("%v, %v", got, err)
	}
}

// Data of another version must not do more than fail.
func FuzzUnpackRows(f *testing.F) {
	f.Add(packRows(someRows(), &pause{}))
	f.Add(packRows(nil, &pause{}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := unpackRows(data)
		if err != nil {
			return
		}
		again, err := unpackRows(packRows(rows, &pause{}))
		if err != nil || len(again) != len(rows) {
			t.Errorf("%d rows became %d, %v", len(rows), len(again), err)
		}
	})
}
