package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
)

const keysPerAccount = 100

// filled is a store with many keys.
type filled struct {
	url         string // of the database
	secretsFile string // one key per line
	verifier    string // a key that may verify all others
}

// fill creates a store with n keys in n/100 accounts of one organization. Their limits are
// too high to refuse any request.
func fill(ctx context.Context, dir string, n int) (f filled, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return f, err
	}
	path := filepath.Join(dir, "latchkey.db")
	f = filled{url: "sqlite:" + path, secretsFile: filepath.Join(dir, "keys.txt")}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		return f, err
	}
	stamp := keys.NewStamp(time.Now().Add(-time.Hour))
	organization := keys.Organization{
		Stamp: stamp, ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{Name: "benchmark"},
	}
	tier := keys.Tier{Stamp: stamp, Name: "benchmark", TierFields: keys.TierFields{
		Title: "Benchmark", MaxKeys: keys.MostKeys,
		RateLimit: &ratelimit.Rule{Requests: 1e9, Per: time.Second, Burst: 1e9},
		Quota:     &ratelimit.Quota{Requests: 1e15, Per: ratelimit.Month},
	}}
	if err := errors.Join(s.Organizations().Insert(ctx, organization), s.Tiers().Insert(ctx, tier)); err != nil {
		return f, err
	}
	var accounts []keys.ServiceAccount
	for i := range n/keysPerAccount + 1 {
		a := keys.ServiceAccount{
			Stamp: stamp, ID: ids.New(ids.ServiceAccount), OrganizationID: organization.ID,
			AccountFields: keys.AccountFields{
				Name: fmt.Sprintf("account %d", i), Tier: tier.Name,
				Scopes: []string{"invoices:*", string(keys.VerifyAllKeys), string(keys.EdgeAllKeys)},
			},
		}
		if err := s.ServiceAccounts().Insert(ctx, a); err != nil {
			return f, err
		}
		accounts = append(accounts, a)
	}
	var secrets strings.Builder
	err = s.LoadAll(ctx, func(yield func(keys.Key) bool) {
		for i := range n {
			secret := format.New(keys.Live)
			a := &accounts[i/keysPerAccount]
			k := keys.Key{
				Stamp: stamp, ID: ids.New(ids.Key), OrganizationID: organization.ID, ServiceAccountID: a.ID, Environment: keys.Live,
				Hash: keys.HashOf(secret.Reveal()), HashAlgorithm: keys.SHA256, Start: secret.Reveal()[:12],
				Last4:     secret.Reveal()[len(secret.Reveal())-4:],
				KeyFields: keys.KeyFields{Name: fmt.Sprintf("key %d", i), Scopes: []string{"invoices:read"}},
			}
			if i == 0 {
				k.Scopes, f.verifier = nil, secret.Reveal()
			}
			secrets.WriteString(secret.Reveal() + "\n")
			if !yield(k) {
				return
			}
		}
	})
	if err != nil {
		return f, err
	}
	return f, os.WriteFile(f.secretsFile, []byte(secrets.String()), 0o600)
}
