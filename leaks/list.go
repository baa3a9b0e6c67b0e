package leaks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// List lists leaks, newest first. Only the provider's staff may.
func (s *Service) List(ctx context.Context, a keys.Actor, p keys.Page) ([]Leak, error) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, err
	}
	return s.Store.Leaks().List(ctx, keys.NoFilter{}, p)
}

// Exposures returns how a key was exposed, if the actor may see the key.
func (s *Service) Exposures(ctx context.Context, a keys.Actor, keyID string) ([]Exposure, error) {
	if _, err := s.Keys.Key(ctx, a, keyID); err != nil {
		return nil, err
	}
	all := []Exposure{}
	for _, way := range Ways() {
		x, err := s.Store.Exposures().Get(ctx, exposureID(keyID, way))
		if errors.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read an exposure: %w", err)
		}
		all = append(all, x)
	}
	return all, nil
}

// Forget deletes one leak from before the time, after it passed it to export, and
// returns how many it deleted.
func (s *Service) Forget(ctx context.Context, before time.Time, export func(any) error) (int, error) {
	some, err := s.Store.Leaks().List(ctx, keys.NoFilter{}, keys.Page{After: ids.At(ids.Leak, before), Limit: 1})
	if err != nil || len(some) == 0 {
		return 0, err
	}
	if err := export(&some[0]); err != nil {
		return 0, err
	}
	return 1, s.Store.Leaks().Delete(ctx, some[0].ID, some[0].Revision)
}

// CleanBatch is how many exposures Clean looks at.
const CleanBatch = 200

// Clean deletes exposures of keys that are gone, among those after the given id. It
// returns the id to go on with, "" at the end.
func (s *Service) Clean(ctx context.Context, after string) (next string, err error) {
	some, err := s.Store.Exposures().List(ctx, keys.NoFilter{}, keys.Page{After: after, Limit: CleanBatch})
	if err != nil {
		return after, fmt.Errorf("list exposures: %w", err)
	}
	for i := range some {
		x := &some[i]
		_, err := s.Store.Keys().Get(ctx, x.KeyID)
		if errors.Is(err, errs.NotFound) {
			err = s.Store.Exposures().Delete(ctx, x.ID, x.Revision)
		}
		if err != nil && !errors.Is(err, errs.NotFound) && !errors.Is(err, errs.Stale) {
			return after, fmt.Errorf("clean exposures: %w", err)
		}
	}
	if len(some) < CleanBatch {
		return "", nil
	}
	return some[len(some)-1].ID, nil
}
