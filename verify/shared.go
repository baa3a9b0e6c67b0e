package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// sharedObjects keeps the service accounts, organizations and tiers that many
// grants point to, so a million keys of a thousand accounts load and hold each
// account once.
type sharedObjects struct {
	accounts      *sharedCache[keys.ServiceAccount]
	organizations *sharedCache[keys.Organization]
	tiers         *sharedCache[keys.Tier]
	scopes        *ristretto.Cache[string, *scopeSet]
	terms         *ristretto.Cache[string, *terms] // by account and scopes
}

func newSharedObjects(m *keys.Marks) (*sharedObjects, error) {
	accounts, err := newSharedCache(m, Load.ServiceAccount)
	if err != nil {
		return nil, err
	}
	organizations, err := newSharedCache(m, Load.Organization)
	if err != nil {
		return nil, err
	}
	tiers, err := newSharedCache(m, Load.Tier)
	if err != nil {
		return nil, err
	}
	scopes, err := newShared[*scopeSet]()
	if err != nil {
		return nil, err
	}
	terms, err := newShared[*terms]()
	if err != nil {
		return nil, err
	}
	return &sharedObjects{accounts: accounts, organizations: organizations, tiers: tiers, scopes: scopes, terms: terms}, nil
}

func (s *sharedObjects) close() {
	s.accounts.kept.Close()
	s.organizations.kept.Close()
	s.tiers.kept.Close()
	s.scopes.Close()
	s.terms.Close()
}

// grant combines the key with what it belongs to, and stores in f the marks that
// each part was loaded under. The marks of all known parts are read first, so the
// source may read the parts at once. If a token represents the key, the grant is
// limited to what the token allows. If a part is missing the key is as good as gone:
// errs.NotFound.
func (s *sharedObjects) grant(
	ctx context.Context, from Load, found *Found, by credential, f *fact, fresh bool,
) (Grant, error) {
	k := &found.Key
	ofAccount := s.accounts.part(k.ServiceAccountID)
	ofOrganization := s.organizations.part(found.OrganizationID)
	ofTier := s.tiers.part(found.Tier)
	account, mark, err := s.accounts.get(ctx, from, ofAccount, fresh)
	f.marks[1] = mark
	if err != nil {
		return Grant{}, fmt.Errorf("service account of a key: %w", err)
	}
	if account.OrganizationID != ofOrganization.id {
		ofOrganization = s.organizations.part(account.OrganizationID)
	}
	organization, mark, err := s.organizations.get(ctx, from, ofOrganization, fresh)
	f.marks[2] = mark
	if err != nil {
		return Grant{}, fmt.Errorf("organization of a key: %w", err)
	}
	if account.Tier != ofTier.id {
		ofTier = s.tiers.part(account.Tier)
	}
	tier, mark, err := s.tiers.get(ctx, from, ofTier, fresh)
	f.marks[3] = mark
	if errors.Is(err, errs.NotFound) {
		return Grant{}, fmt.Errorf("service account %s is on a tier that does not exist: %s", account.ID, account.Tier)
	}
	if err != nil {
		return Grant{}, fmt.Errorf("tier of a key: %w", err)
	}
	scopes := keys.EffectiveScopes(k.Scopes, account.Scopes)
	if by.token != nil {
		scopes = keys.EffectiveScopes(by.token.Scopes, scopes)
	}
	return newGrant(k, by, s.termsOf(account, organization, tier, s.scopeSet(scopes)), f), nil
}

// termsOf returns the one copy of these terms, shared by grants.
func (s *sharedObjects) termsOf(a *keys.ServiceAccount, o *keys.Organization, t *keys.Tier, scopes *scopeSet) *terms {
	name := a.ID + " " + scopes.text
	if kept, ok := s.terms.Get(name); ok && kept.Account == a && kept.Organization == o && kept.Tier == t {
		return kept
	}
	made := &terms{
		Account: a, Organization: o, Tier: t, scopes: scopes, limitID: a.LimitID(),
		holder: usage.Holder{AccountID: a.ID, OrganizationID: a.OrganizationID, Scopes: scopes.list},
	}
	s.terms.Set(name, made, 1)
	return made
}

// scopeSet returns the one copy of the list, shared by grants.
func (s *sharedObjects) scopeSet(list []string) *scopeSet {
	text := strings.Join(list, " ")
	if kept, ok := s.scopes.Get(text); ok {
		return kept
	}
	made := &scopeSet{list: list, text: text}
	s.scopes.Set(text, made, 1)
	return made
}

// sharedCache keeps objects of one kind with the marks they were loaded under.
type sharedCache[T any] struct {
	marks *keys.Marks
	load  func(from Load, ctx context.Context, id string) (T, error)
	kept  *ristretto.Cache[string, *sharedEntry[T]]
}

type sharedEntry[T any] struct {
	object T
	mark   keys.Mark
}

func newSharedCache[T any](m *keys.Marks, load func(Load, context.Context, string) (T, error)) (*sharedCache[T], error) {
	kept, err := newShared[*sharedEntry[T]]()
	if err != nil {
		return nil, err
	}
	return &sharedCache[T]{marks: m, load: load, kept: kept}, nil
}

func newShared[V any]() (*ristretto.Cache[string, V], error) {
	kept, err := ristretto.NewCache(&ristretto.Config[string, V]{
		NumCounters: sharedSize * 10, MaxCost: sharedSize, BufferItems: 64, IgnoreInternalCost: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make a cache of %d objects: %w", sharedSize, err)
	}
	return kept, nil
}

// part is an object that a key belongs to, and its mark, which is read before the
// object.
type part struct {
	id   string
	mark keys.Mark
}

func (s *sharedCache[T]) part(id string) part { return part{id, s.marks.Mark(id)} }

// get returns the object with the mark it was loaded under. It also returns the mark
// with an error, whose cause may disappear when the mark changes.
func (s *sharedCache[T]) get(ctx context.Context, from Load, p part, fresh bool) (*T, keys.Mark, error) {
	if kept, ok := s.kept.Get(p.id); ok && !fresh && s.marks.Stands(kept.mark) {
		return &kept.object, kept.mark, nil
	}
	loaded := &sharedEntry[T]{mark: p.mark}
	var err error
	if loaded.object, err = s.load(from, ctx, p.id); err != nil {
		return nil, loaded.mark, err
	}
	s.kept.Set(p.id, loaded, 1)
	return &loaded.object, loaded.mark, nil
}
