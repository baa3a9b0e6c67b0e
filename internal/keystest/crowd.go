package keystest

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
)

// Crowd is how many keys Crowded creates.
const Crowd = 50_000

// Crowded returns a service with an account of many keys.
func Crowded(b *testing.B) (*sqlite.Store, *keys.Service, keys.ServiceAccount) {
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
	account, err := service.CreateAccount(b.Context(), auth.System(), "", keys.FirstOrganization, keys.AccountFields{
		Name:   "Crowd",
		Scopes: []string{"invoices:*"},
	})
	must(err)
	must(store.LoadAll(b.Context(), func(yield func(keys.Key) bool) {
		for i := range Crowd {
			at := time.Now().UTC().Truncate(time.Millisecond)
			id := ids.New(ids.Key)
			k := keys.Key{
				Stamp: keys.NewStamp(at), ID: id, OrganizationID: keys.FirstOrganization, ServiceAccountID: account.ID, Environment: keys.Live,
				Hash: keys.HashOf(id), HashAlgorithm: keys.SHA256, Start: "lk_live_abcd", Last4: "wxyz",
				KeyFields: keys.KeyFields{Name: fmt.Sprint("key ", i)},
			}
			if !yield(k) {
				return
			}
		}
	}))
	return store, service, account
}
