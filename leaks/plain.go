package leaks

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// plain remembers which keys arrived without TLS lately, so that a key is recorded
// once and not with each of its requests. It has no lock.
type plain struct {
	seed    maphash.Seed
	seen    []atomic.Uint64
	waiting chan string
}

const (
	plainSeen    = 4096
	plainWaiting = 256
	plainTime    = 5 * time.Second
)

func newPlain() plain {
	return plain{seed: maphash.MakeSeed(), seen: make([]atomic.Uint64, plainSeen), waiting: make(chan string, plainWaiting)}
}

func (p *plain) slot(keyID string) (slot *atomic.Uint64, mark uint64) {
	mark = maphash.String(p.seed, keyID) | 1 // 0 is an empty slot
	return &p.seen[(mark>>1)%plainSeen], mark
}

// ArrivedPlain notes that a known key arrived without TLS. It does not wait: the first
// time, the key is recorded and its owner told in the background. If too many wait, its
// next request does that.
func (s *Service) ArrivedPlain(keyID string) {
	slot, mark := s.plain.slot(keyID)
	if slot.Load() == mark {
		return
	}
	select {
	case s.plain.waiting <- strings.Clone(keyID): // it may be part of a cached grant
		slot.Store(mark)
	default:
	}
}

func (s *Service) runPlain() {
	for {
		select {
		case <-s.life.Done():
			return
		case id := <-s.plain.waiting:
			if err := s.recordPlain(s.life, id); err != nil && s.life.Err() == nil {
				slot, _ := s.plain.slot(id)
				slot.Store(0)
				s.Logger.WarnContext(s.life, "a key that arrived without TLS was not recorded", "key_id", id, "err", err)
			}
		}
	}
}

// recordPlain records the exposure; whoever is the first to do so tells the owner.
func (s *Service) recordPlain(ctx context.Context, keyID string) error {
	ctx, cancel := context.WithTimeout(ctx, plainTime)
	defer cancel()
	k, err := s.Store.Keys().Get(ctx, keyID)
	if err != nil {
		return unlessGone(err, "read an exposed key")
	}
	now := keys.Moment(s.Keys.Now())
	err = s.Store.Exposures().Insert(ctx, Exposure{
		Stamp: keys.NewStamp(now), ID: exposureID(k.ID, ByHTTP), KeyID: k.ID, Way: ByHTTP, LastAt: now,
	})
	if errors.Is(err, errs.Conflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record an exposure: %w", err)
	}
	err = s.Keys.Tell(ctx, audit.Change{
		Subject: auth.System().Subject(), Action: "key.exposed", Object: k.Object(), After: struct {
			Way Way `json:"way"`
		}{ByHTTP},
	})
	if err != nil {
		return err
	}
	shown, people, err := s.about(ctx, &Key{ID: k.ID, Name: k.Name, Start: k.Start, Last4: k.Last4})
	if err != nil {
		return err
	}
	for _, id := range people {
		if err := s.mail(ctx, id, auth.MailPlain, []auth.ExposedKey{shown}); err != nil {
			return err
		}
	}
	return nil
}
