package keys

import (
	"context"
	"errors"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

// MostFound is the most keys that FindAny returns.
const MostFound = 50

const lastShown = 4 // characters at the end of a key that lists show

// Reference names one key by the digest of its whole text or by its id.
type Reference struct {
	hash  Hash
	other []Alternate
	id    string
}

// Reference reads a whole key or an id, and keeps nothing of the text.
func (s *search) Reference(text string) (r Reference, ok bool) {
	switch {
	case s.format.Check(text) == nil:
		return Reference{hash: HashOf(text), other: s.format.Alternates(text)}, true
	case ids.Valid(ids.Key, text):
		return Reference{id: strings.Clone(text)}, true
	default:
		return Reference{}, false
	}
}

// LookUp returns the key and when it was last used, for callers that have checked
// that the actor is staff.
func (s *search) LookUp(ctx context.Context, r Reference) (Key, error) {
	if r.id != "" {
		return s.store.Keys().Get(ctx, r.id)
	}
	k, err := firstOf(ctx, s.store.Keys(), r)
	if err != nil {
		return k, err
	}
	return s.store.Keys().Get(ctx, k.ID)
}

// firstOf finds a key by its digest. One that is stored with a salted digest is found by
// its public part alone: whoever looks for it must see it, not prove that they have it.
func firstOf(ctx context.Context, all KeyCollection, r Reference) (Key, error) {
	k, err := all.ByHash(ctx, r.hash)
	for _, a := range r.other {
		if !errors.Is(err, errs.NotFound) {
			break
		}
		k, err = all.ByHash(ctx, a.Hash)
	}
	return k, err
}

// FindAny finds keys by any part that somebody has: a whole key, which is looked up
// by its hash and not kept; an id; the start that lists show; the last four
// characters; or both as lists write them, "lk_live_AbCd…WxYz". Only admins may.
func (s *search) FindAny(ctx context.Context, a Actor, text string) ([]Key, error) {
	if err := StaffOnly(a); err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errs.BadField("find", "paste_search")
	}
	r, whole := s.Reference(text)
	if !whole {
		return s.findByParts(ctx, text)
	}
	k, err := s.LookUp(ctx, r)
	if errors.Is(err, errs.NotFound) {
		return nil, nil
	}
	return []Key{k}, err
}

// KeyOf returns the key with the whole text, if the actor may see it. The text is
// hashed and not kept.
func (s *search) KeyOf(ctx context.Context, a Actor, text string) (Key, error) {
	if s.format.Check(text) != nil {
		return Key{}, errs.BadField("q", "key_incomplete")
	}
	k, err := Whole(ctx, s.store.Keys(), HashOf(text))
	if err != nil {
		return Key{}, Missing(err, noKey)
	}
	return s.credentials.Key(ctx, a, k.ID)
}

func (s *search) findByParts(ctx context.Context, text string) ([]Key, error) {
	start, last := text, ""
	for _, gap := range []string{"…", "..."} {
		if before, after, ok := strings.Cut(text, gap); ok {
			start, last = before, after
		}
	}
	f := KeyFilter{}
	switch {
	case s.isStart(start) && (last == "" || len(last) == lastShown):
		f.Starts, f.Last4 = []string{start}, last
	case len(text) == lastShown && isAlphanumeric(text):
		f.Last4 = text
	case len(text) > len(s.format.Prefix(Live))+startRandom && s.format.Own(text):
		return nil, errs.BadField("find", "key_incomplete")
	default:
		return nil, errs.BadField("find", "find_no_shape", "prefix", s.format.Prefix(Live))
	}
	found, err := s.store.Keys().List(ctx, f, Page{Limit: MostFound})
	if err != nil || len(found) == MostFound || len(text) != lastShown {
		return found, err
	}
	// Four characters may also be the first random ones.
	more, err := s.store.Keys().List(ctx, KeyFilter{Starts: []string{s.format.Prefix(Live) + text, s.format.Prefix(Test) + text}},
		Page{Limit: MostFound - len(found)})
	return append(found, more...), err
}

func (s *search) isStart(text string) bool {
	for _, environment := range []Environment{Live, Test} {
		if random, ok := strings.CutPrefix(text, s.format.Prefix(environment)); ok && len(random) == startRandom && isAlphanumeric(random) {
			return true
		}
	}
	return false
}

func isAlphanumeric(text string) bool {
	for i := range len(text) {
		if !isBase62(text[i]) {
			return false
		}
	}
	return true
}
