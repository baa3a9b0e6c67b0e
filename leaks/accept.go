package leaks

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// sealPurpose is the seal's purpose for the finds of a report.
const sealPurpose = "leak report"

// Accept stores the sighting, so that it is not lost, and looks nothing up. Call begin
// once the reporter has their answer; it does not wait for the work. The error is
// errs.Invalid for a bad report, errs.Limited if the reporter's address has tried too
// many unknown keys, and errs.Unavailable if the store is not available or too many
// reports wait. Without an error the report is worked off even if this process ends.
func (s *Service) Accept(ctx context.Context, sighting Sighting) (begin func(), err error) {
	if err := sighting.Check(); err != nil {
		return nil, err
	}
	if err := s.mayReport(ctx, &sighting); err != nil {
		return nil, err
	}
	if s.full.Load() {
		return nil, busy()
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return nil, busy()
	}
	r, err := s.store(ctx, &sighting)
	if err != nil {
		<-s.slots
		return nil, err
	}
	return func() { s.todo <- r }, nil // there is room for as many as there are slots
}

// mayReport asks with a text that nobody can have tried, so that the answer depends on
// the address alone.
func (s *Service) mayReport(ctx context.Context, sighting *Sighting) error {
	if !sighting.Address.IsValid() {
		return nil
	}
	var unheard keys.Hash
	rand.Read(unheard[:])
	return s.Guesses.MayGuess(ctx, sighting.Address, unheard)
}

func (s *Service) store(ctx context.Context, sighting *Sighting) (Report, error) {
	finds, err := json.Marshal(sighting.Finds)
	if err != nil {
		return Report{}, fmt.Errorf("encode a leak report: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealPurpose, finds)
	if err != nil {
		return Report{}, fmt.Errorf("seal a leak report: %w", err)
	}
	now := s.Keys.Now()
	r := Report{
		Stamp: keys.NewStamp(now), ID: ids.New(ids.Leak), Source: sighting.Source, Address: sighting.Address, Note: sighting.Note, Sealed: sealed,
		ClaimedUntil: keys.Moment(now.Add(claimLife)),
	}
	if err := s.Store.LeakReports().Insert(ctx, r); err != nil {
		return Report{}, fmt.Errorf("store a leak report: %w", err)
	}
	return r, nil
}
