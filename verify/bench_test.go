package verify_test

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// BenchmarkVerifyCached is the hot path without HTTP: checksum, hash, look-up,
// checks and two limits; with usage counted, as the service has it, and without.
func BenchmarkVerifyCached(b *testing.B) {
	b.Run("counted", func(b *testing.B) { benchmarkCached(b, usage.NewMeter()) })
	b.Run("uncounted", func(b *testing.B) { benchmarkCached(b, nil) })
}

func benchmarkCached(b *testing.B, meter *usage.Meter) {
	b.Helper()
	store := keystest.NewMemory()
	limiter, err := ratelimit.NewLocal(ratelimit.Config{})
	if err != nil {
		b.Fatal(err)
	}
	v, err := verify.New(verify.Config{
		Store: store, Limiter: limiter, Marks: keys.NewMarks(), Format: keystest.Format(b),
		Logger: slog.New(slog.DiscardHandler), Meter: meter,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { v.Close(); _ = limiter.Close(b.Context()) })
	stamp := keys.NewStamp(time.Now().Add(-time.Hour)) // polling has nothing to tell
	rule := ratelimit.Rule{Requests: ratelimit.MostRequests, Per: time.Second, Burst: ratelimit.MostRequests}
	text := keystest.Format(b).New(keys.Live).Reveal()
	for _, err := range []error{
		store.Tiers().Insert(b.Context(), keys.Tier{Stamp: stamp, Name: "t", TierFields: keys.TierFields{
			RateLimit: &rule, AccountRateLimit: &rule,
			Quota: &ratelimit.Quota{Requests: ratelimit.MostQuotaRequests, Per: ratelimit.Month},
		}}),
		store.Organizations().Insert(b.Context(), keys.Organization{Stamp: stamp, ID: "org_a"}),
		store.ServiceAccounts().Insert(b.Context(), keys.ServiceAccount{
			Stamp: stamp, ID: "sa_a", OrganizationID: "org_a",
			AccountFields: keys.AccountFields{Tier: "t", Scopes: []string{"invoices:*"}},
		}),
		store.Keys().Insert(b.Context(), keys.Key{
			Stamp: stamp, ID: "key_a", OrganizationID: "org_a", ServiceAccountID: "sa_a",
			Hash: keys.HashOf(text),
		}),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	scopes, address := []string{"invoices:read"}, netip.MustParseAddr("203.0.113.9")
	b.ReportAllocs()
	for b.Loop() {
		verdict, err := v.Verify(b.Context(), &verify.Question{Key: text, Cost: 1, Scopes: scopes, Address: address})
		if err != nil || verdict.Code != verify.Valid {
			b.Fatal(verdict.Code, err)
		}
	}
	if loads := store.Loads.Load(); loads > int64(b.N)/2+10 {
		b.Errorf("%d loads for %d questions: this measures the store", loads, b.N)
	}
}
