package keys

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/latchkey/latchkey/internal/errs"
)

// sharedObjects keeps the service accounts, organizations and tiers that many
// grants point to, so that a million keys of a thousand accounts load and hold
// each account once.
type sharedObjects struct {
	accounts      *shelf[ServiceAccount]
	organizations *shelf[Organization]
	tiers         *shelf[Tier]
}

func newSharedObjects(s Store, m *Marks) (*sharedObjects, error) {
	accounts, err := newShelf(m, s.ServiceAccounts().Get)
	if err != nil {
		return nil, err
	}
	organizations, err := newShelf(m, s.Organizations().Get)
	if err != nil {
		return nil, err
	}
	tiers, err := newShelf(m, s.Tiers().Get)
	if err != nil {
		return nil, err
	}
	return &sharedObjects{accounts: accounts, organizations: organizations, tiers: tiers}, nil
}

func (s *sharedObjects) close() {
	s.accounts.kept.Close()
	s.organizations.kept.Close()
	s.tiers.kept.Close()
}

// grant puts the key together with what it belongs to, and adds the marks that
// each part was loaded under. Where a part is missing the key is as good as
// gone: errs.NotFound.
func (s *sharedObjects) grant(ctx context.Context, k *Key, marks []Mark, fresh bool) (*Grant, []Mark, error) {
	account, accountMark, err := s.accounts.get(ctx, k.ServiceAccountID, fresh)
	if err != nil {
		return nil, append(marks, accountMark), fmt.Errorf("service account of a key: %w", err)
	}
	organization, organizationMark, err := s.organizations.get(ctx, account.OrganizationID, fresh)
	if err != nil {
		return nil, append(marks, accountMark, organizationMark), fmt.Errorf("organization of a key: %w", err)
	}
	tier, tierMark, err := s.tiers.get(ctx, account.Tier, fresh)
	if errors.Is(err, errs.NotFound) {
		return nil, nil, fmt.Errorf("service account %s is on a tier that does not exist: %s", account.ID, account.Tier)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("tier of a key: %w", err)
	}
	return newGrant(k, account, organization, tier), append(marks, accountMark, organizationMark, tierMark), nil
}

// shelf keeps the objects of one kind with the marks they were loaded under.
type shelf[T any] struct {
	marks *Marks
	load  func(ctx context.Context, id string) (T, error)
	kept  *ristretto.Cache[string, *shelved[T]]
}

type shelved[T any] struct {
	object T
	mark   Mark
}

func newShelf[T any](m *Marks, load func(context.Context, string) (T, error)) (*shelf[T], error) {
	kept, err := ristretto.NewCache(&ristretto.Config[string, *shelved[T]]{
		NumCounters: sharedSize * 10, MaxCost: sharedSize, BufferItems: 64, IgnoreInternalCost: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make a cache of %d objects: %w", sharedSize, err)
	}
	return &shelf[T]{marks: m, load: load, kept: kept}, nil
}

// get returns the object with the mark that it was loaded under, also on an
// error, whose cause may go away with the mark.
func (s *shelf[T]) get(ctx context.Context, id string, fresh bool) (*T, Mark, error) {
	if kept, ok := s.kept.Get(id); ok && !fresh && kept.mark.Stands() {
		return &kept.object, kept.mark, nil
	}
	loaded := &shelved[T]{mark: s.marks.Mark(id)}
	var err error
	if loaded.object, err = s.load(ctx, id); err != nil {
		return nil, loaded.mark, err
	}
	s.kept.Set(id, loaded, 1)
	return &loaded.object, loaded.mark, nil
}
