package leaks

import (
	"context"
	"fmt"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// finding is what a reported text is: a key or a user's token.
type finding struct {
	key     keys.Key
	token   auth.Token // if it has an ID
	expired bool       // of the token
	start   string     // of the token
}

func (f *finding) id() string {
	if f.token.ID != "" {
		return f.token.ID
	}
	return f.key.ID
}

// shownStart is how many characters of a token's random part are shown, as of keys.
const shownStart = 4

// find returns what the text is. The error is errs.NotFound if it is neither key nor token,
// and keys.ErrMalformed if it cannot be one.
func (s *Service) find(ctx context.Context, text string) (f finding, err error) {
	if s.Format.CheckToken(text) != nil {
		f.key, err = s.Finder.Find(ctx, text)
		return f, err
	}
	f.token, f.expired, err = s.Tokens.Held(ctx, text)
	f.start = text[:len(text)-randomAndChecksum+shownStart]
	return f, err
}

// actOn does to a key what its policy says, and notes a token, which endTokens ends.
func (s *Service) actOn(ctx context.Context, r *Report, f *finding) (Key, error) {
	t := &f.token
	if t.ID == "" {
		return s.act(ctx, r, &f.key)
	}
	out := Key{Kind: UserToken, ID: t.ID, UserID: t.UserID, Name: t.Name, Start: f.start, Last4: t.Last4, Outcome: Revoked}
	if f.expired {
		out.Outcome = Already
		return out, nil
	}
	out.At = keys.Moment(s.Keys.Now())
	return out, nil
}

// endTokens ends the tokens of the stored leak. Nothing is left of a token that has ended,
// so they are stored first: whoever takes up the report still knows whom to tell.
func (s *Service) endTokens(ctx context.Context, l *Leak) error {
	for i := range l.Keys {
		k := &l.Keys[i]
		if k.Kind != UserToken || k.Outcome != Revoked {
			continue
		}
		err := s.Keys.Tell(ctx, audit.Change{
			Subject: actorOf(l.Source).Subject(), Action: "token.leaked", Object: (&auth.Token{ID: k.ID}).Object(),
			After: event{Report: l.ID, Source: l.Source, Outcome: k.Outcome},
		})
		if err == nil {
			err = s.Tokens.End(ctx, actorOf(l.Source), k.ID)
		}
		if err != nil {
			return fmt.Errorf("end leaked token %s: %w", k.ID, err)
		}
	}
	return nil
}
