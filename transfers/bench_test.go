package transfers_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/transfers"
)

// noneLeft: every user is a member still.
// BenchmarkATransferOfManyKeys is, too.
func BenchmarkATransferOfManyKeys(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		store, service, account := keystest.Crowded(b)
		to, err := service.CreateOrganization(b.Context(), auth.System(), "", keys.OrganizationFields{Name: "heir"})
		if err != nil {
			b.Fatal(err)
		}
		moves, err := transfers.New(transfers.Config{
			Keys: service, Store: store, Usage: store, Certificates: &mtls.Registry{
				Store: store.Certificates(), Accounts: service,
				Audit: audit.New(store, time.Now), Now: time.Now,
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		done, err := moves.Transfer(b.Context(), auth.System(), account.ID, keys.AnyRevision, transfers.Destination{OrganizationID: to.ID})
		for moved := 1; err == nil && !done.Complete && moved > 0; {
			moved, err = moves.Hurry(b.Context())
		}
		left, lerr := store.Keys().List(b.Context(), keys.KeyFilter{OrganizationIDs: []string{keys.FirstOrganization}}, keys.Page{Limit: 1})
		if err != nil || lerr != nil || len(left) > 0 {
			b.Fatalf("%d are left: %v %v", len(left), err, lerr)
		}
	}
}
