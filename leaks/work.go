package leaks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

func (s *Service) run() {
	for {
		select {
		case <-s.life.Done():
			return
		case r := <-s.todo:
			_ = s.try(s.life, &r) // which logs it
			<-s.slots
		}
	}
}

// try works off the report and logs why it cannot. Sweep tries again once the claim has
// ended.
func (s *Service) try(ctx context.Context, r *Report) error {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	err := s.work(ctx, r)
	if err != nil && s.life.Err() == nil {
		s.Logger.WarnContext(ctx, "a leak report is not worked off yet", "report_id", r.ID, "err", err)
	}
	return err
}

// Sweep takes up reports that their node left, and returns how many it tried. One that
// cannot be worked off does not stop the others, and is the error.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	waiting, err := s.Store.LeakReports().List(ctx, keys.NoFilter{}, keys.Page{Limit: maxQueued})
	if err != nil {
		return 0, fmt.Errorf("list leak reports: %w", err)
	}
	s.full.Store(len(waiting) == maxQueued)
	tried, failed := 0, error(nil)
	for i := range waiting {
		r := &waiting[i]
		now := s.Keys.Now()
		if now.Before(r.ClaimedUntil) {
			continue
		}
		if now.Sub(r.CreatedAt) > giveUp {
			s.Logger.ErrorContext(ctx, "a leak report was given up", "report_id", r.ID)
			failed = errors.Join(failed, s.forget(ctx, r))
			continue
		}
		mine, err := s.claim(ctx, r)
		if err != nil {
			return tried, errors.Join(failed, err)
		}
		if mine {
			tried++
			failed = errors.Join(failed, s.try(ctx, r))
		}
	}
	return tried, failed
}

// claim makes the report this node's; mine is false if another node was first.
func (s *Service) claim(ctx context.Context, r *Report) (mine bool, err error) {
	now := s.Keys.Now()
	r.Advance(now)
	r.ClaimedUntil = keys.Moment(now.Add(claimLife))
	err = s.Store.LeakReports().Replace(ctx, *r)
	if errors.Is(err, errs.Stale) || errors.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim leak report %s: %w", r.ID, err)
	}
	return true, nil
}

// work looks the texts up, acts on the keys, tells people, and removes the report. It
// can be repeated at any point: what was done stays done, and is told once more at worst.
func (s *Service) work(ctx context.Context, r *Report) error {
	done, err := s.Store.Leaks().Get(ctx, r.ID)
	if errors.Is(err, errs.NotFound) {
		done, err = s.actOnAll(ctx, r)
	}
	if errors.Is(err, seal.ErrOpen) {
		s.Logger.ErrorContext(ctx, "a leak report cannot be opened: the secret is another one", "report_id", r.ID)
		return s.forget(ctx, r)
	}
	if err != nil {
		return err
	}
	if err := s.endTokens(ctx, &done); err != nil {
		return err
	}
	if err := s.tellOf(ctx, &done); err != nil {
		return err
	}
	return s.forget(ctx, r)
}

// forget removes the report and with it the sealed texts.
func (s *Service) forget(ctx context.Context, r *Report) error {
	err := s.Store.LeakReports().Delete(ctx, r.ID, r.Revision)
	if err == nil || errors.Is(err, errs.NotFound) || errors.Is(err, errs.Stale) { // another node has it
		return nil
	}
	return fmt.Errorf("remove leak report %s: %w", r.ID, err)
}

func (s *Service) open(r *Report) (finds []Find, err error) {
	clear, err := s.Sealer.Open(sealPurpose, r.Sealed)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(clear, &finds); err != nil {
		return nil, fmt.Errorf("decode a leak report: %w", err)
	}
	return finds, nil
}

// actOnAll acts on every key that the report names, and stores the leak if that changed
// anything.
func (s *Service) actOnAll(ctx context.Context, r *Report) (Leak, error) {
	finds, err := s.open(r)
	if err != nil {
		return Leak{}, err
	}
	out := Leak{Stamp: keys.NewStamp(s.Keys.Now()), ID: r.ID, Source: r.Source, Address: r.Address, Note: r.Note, Keys: []Key{}}
	seen, acted := map[string]bool{}, false
	for _, one := range finds {
		found, err := s.find(ctx, one.Text)
		if unknown(err) {
			out.Unknown++
			err = s.guess(ctx, r.Address, one.Text)
		} else if err == nil && !seen[found.id()] {
			seen[found.id()] = true
			var done Key
			if done, err = s.actOn(ctx, r, &found); err == nil {
				done.URL = one.URL
				out.Keys, acted = append(out.Keys, done), acted || done.Outcome != Already
			}
		}
		if err != nil {
			return Leak{}, err
		}
	}
	if !acted {
		return out, nil
	}
	if err := s.Store.Leaks().Insert(ctx, out); err != nil && !errors.Is(err, errs.Conflict) {
		return Leak{}, fmt.Errorf("store leak %s: %w", out.ID, err)
	}
	return out, nil
}

// unknown reports whether the error says that a text is no key.
func unknown(err error) bool {
	return errors.Is(err, errs.NotFound) || errors.Is(err, keys.ErrMalformed)
}

// Labels reports for each text whether it is, or was, a key, or is a token. It is for sources that
// have shown who they are.
func (s *Service) Labels(ctx context.Context, finds []Find) ([]bool, error) {
	known := make([]bool, len(finds))
	for i := range finds {
		_, err := s.find(ctx, finds[i].Text)
		if err != nil && !unknown(err) {
			return nil, fmt.Errorf("look up a reported key: %w", err)
		}
		known[i] = err == nil
	}
	return known, nil
}
