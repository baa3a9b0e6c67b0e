package keys_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/transfers"
)

// noneLeft: every user is a member still.
func noneLeft(context.Context, string, string) (bool, error) { return false, nil }

const crowd = 50_000

// crowded is a service with an account of many keys.
func crowded(b *testing.B) (*sqlite.Store, *keys.Service, keys.ServiceAccount) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "latchkey.db"))
	must(err)
	b.Cleanup(func() { _ = store.Close(b.Context()) })
	brand, err := keys.NewFormat(keys.DefaultBrand)
	must(err)
	service, err := keys.New(keys.Config{Store: store, Audit: audit.New(store, time.Now), Marks: keys.NewMarks(), Format: brand})
	must(err)
	must(service.Seed(b.Context(), auth.System(), true))
	account, err := service.CreateAccount(b.Context(), auth.System(), "", keys.FirstOrganization, keys.AccountFields{Name: "crowd", Scopes: []string{"invoices:*"}})
	must(err)
	must(store.LoadKeys(b.Context(), func(yield func(keys.Key) bool) {
		for i := range crowd {
			at := time.Now().UTC().Truncate(time.Millisecond)
			id := ids.New(ids.Key)
			k := keys.Key{
				Stamp: keys.NewStamp(at), ID: id, OrganizationID: keys.FirstOrganization, ServiceAccountID: account.ID, Environment: keys.Live,
				Hash: keys.HashOf(id), HashAlgorithm: keys.SHA256, Start: "lk_live_abcd", Last4: "wxyz", KeyFields: keys.KeyFields{Name: fmt.Sprint("key ", i)},
			}
			if !yield(k) {
				return
			}
		}
	}))
	return store, service, account
}

// BenchmarkAnIncidentOfManyKeys is to stay far below a minute.
func BenchmarkAnIncidentOfManyKeys(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		store, service, account := crowded(b)
		n, err := incidents.New(incidents.Config{Keys: service, Objects: store, Store: store, Logger: slog.New(slog.DiscardHandler), Left: noneLeft})
		if err != nil {
			b.Fatal(err)
		}
		n = n.Within(time.Hour)
		planned, err := n.Plan(b.Context(), auth.System(), incidents.Request{Action: incidents.Revoke, Reason: keys.ReasonLeaked, Selection: incidents.Selection{ServiceAccountID: account.ID}})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		done, err := n.Run(b.Context(), auth.System(), planned.Confirm())
		if err != nil || done.Count.Done != crowd || done.State != incidents.Done {
			b.Fatalf("%+v, %v", done, err)
		}
		n.Close()
	}
}

// BenchmarkATransferOfManyKeys is, too.
func BenchmarkATransferOfManyKeys(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		store, service, account := crowded(b)
		to, err := service.CreateOrganization(b.Context(), auth.System(), "", keys.OrganizationFields{Name: "heir"})
		if err != nil {
			b.Fatal(err)
		}
		moves, err := transfers.New(transfers.Config{
			Keys: service, Store: store, Usage: store, Certificates: &mtls.Registry{Store: store.Certificates(), Accounts: service, Audit: audit.New(store, time.Now), Now: time.Now},
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
