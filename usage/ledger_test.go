package usage

import "testing"

// A ledger that is used again has other holders under the same numbers.
func TestAResetLedgerIsReadAnew(t *testing.T) {
	t.Parallel()
	into, from := newLedger(), newLedger()
	for _, account := range []string{"sa_a", "sa_b", "sa_a"} {
		w := row{Subject: Subject{KeyID: "key_1", AccountID: account, OrganizationID: "org_a"}, minute: 60}
		w.counts[Allowed] = 1
		from.add(&w)
		into.addFrom(from, 0)
		from.reset()
	}
	if into.len() != 2 {
		t.Fatalf("%d rows", into.len())
	}
	for i, want := range []struct {
		account string
		n       uint32
	}{{"sa_a", 2}, {"sa_b", 1}} {
		if got := into.row(i); got.AccountID != want.account || got.counts[Allowed] != want.n {
			t.Errorf("row %d is %+v, want %+v", i, got, want)
		}
	}
}
