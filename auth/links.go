package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Lifetimes of links.
const (
	confirmLife    = 3 * 24 * time.Hour
	resetLife      = time.Hour
	invitationLife = 7 * 24 * time.Hour
	mostOpenLinks  = 3              // per user and purpose: more mails help nobody
	toldLife       = 24 * time.Hour // one mail per period tells that someone signed up again
)

var errEnoughLinks = errors.New("enough links are open")

// newLink stores a link and returns its token for the recipient.
func (p *Links) newLink(ctx context.Context, l Link, life time.Duration) (Link, string, error) {
	token := rand.Text()
	l.Stamp, l.ID, l.Hash = keys.NewStamp(p.Now()), ids.New(ids.Link), hashToken(token)
	l.ExpiresAt = l.CreatedAt.Add(life)
	if err := p.Store.Links().Insert(ctx, l); err != nil {
		return Link{}, "", fmt.Errorf("make a link: %w", err)
	}
	return l, token, nil
}

// claimLink is newLink with a limit on the open links per user and purpose; over
// the limit it fails with errEnoughLinks. The link takes one of that many fixed
// ids. Of simultaneous calls, on any node, only one gets an id.
func (p *Links) claimLink(ctx context.Context, l Link, life time.Duration, most int) (Link, string, error) {
	token := rand.Text()
	l.Stamp, l.Hash = keys.NewStamp(p.Now()), hashToken(token)
	l.ExpiresAt = l.CreatedAt.Add(life)
	for place := range most {
		l.ID = placeID(l.UserID, l.Purpose, place)
		err := p.takePlace(ctx, l)
		if err == nil {
			return l, token, nil
		}
		if !errors.Is(err, errEnoughLinks) {
			return Link{}, "", fmt.Errorf("make a link: %w", err)
		}
	}
	return Link{}, "", errEnoughLinks
}

func placeID(userID string, purpose Purpose, place int) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", userID, purpose, place))
	return ids.Link + hex.EncodeToString(digest[:16])
}

// takePlace stores the link under its id, unless an open link has that id.
func (p *Links) takePlace(ctx context.Context, l Link) error {
	err := p.Store.Links().Insert(ctx, l)
	if !errors.Is(err, errs.Conflict) {
		return err
	}
	old, err := p.Store.Links().Get(ctx, l.ID)
	if err == nil && !old.open(p.Now()) {
		l.Revision = old.Revision + 1
		err = p.Store.Links().Replace(ctx, l)
		if err == nil {
			return nil
		}
	}
	if err == nil || errors.Is(err, errs.Stale) || errors.Is(err, errs.NotFound) { // another call has the id, or had it until now
		return errEnoughLinks
	}
	return err
}

var errLinkOver = errs.New(errs.NotFound, "link_over")

// openLink returns the link with the token, if it has this purpose, is unused and
// has not expired.
func (p *Links) openLink(ctx context.Context, purpose Purpose, token string) (Link, error) {
	l, err := p.Store.Links().ByHash(ctx, hashToken(token))
	if errors.Is(err, errs.NotFound) || (err == nil && (l.Purpose != purpose || !l.open(p.Now()))) {
		return Link{}, errLinkOver
	}
	return l, err
}

func (l *Link) open(now time.Time) bool { return l.UsedAt.IsZero() && now.Before(l.ExpiresAt) }

// useLink spends the link. If it is used several times at once, one use succeeds.
func (p *Links) useLink(ctx context.Context, l Link) error {
	l.Revision++
	l.UsedAt = p.Now().UTC().Truncate(time.Millisecond)
	err := p.Store.Links().Replace(ctx, l)
	if errors.Is(err, errs.Stale) || errors.Is(err, errs.NotFound) {
		return errLinkOver
	}
	return err
}

// endLinks ends the links that were mailed to the user: someone who got one
// through a change that is being undone must not return with it.
func (p *Links) endLinks(ctx context.Context, userID string) error {
	return p.endLinksFor(ctx, userID, "")
}

// endLinksFor ends the user's links with the purpose, or all if it is "".
func (p *Links) endLinksFor(ctx context.Context, userID string, purpose Purpose) error {
	err := removeAll(ctx, p.Store.Links(), LinkFilter{UserID: userID, Purpose: purpose}, func(l *Link) (string, int64) {
		return l.ID, l.Revision
	})
	if err != nil {
		return fmt.Errorf("end the user's links: %w", err)
	}
	return nil
}

// enoughLinks reports whether the user has so many open links with the purpose
// that another mail would be a nuisance.
func (p *Links) enoughLinks(ctx context.Context, userID string, purpose Purpose) (bool, error) {
	all, err := p.Store.Links().List(ctx, LinkFilter{UserID: userID, Purpose: purpose}, keys.Page{Limit: mostOpenLinks})
	if err != nil {
		return false, fmt.Errorf("count links: %w", err)
	}
	open := 0
	for i := range all {
		if all[i].open(p.Now()) {
			open++
		}
	}
	return open >= mostOpenLinks, nil
}

func (l *Link) object() audit.Object {
	return audit.Object{Type: "link", ID: l.ID, OrganizationID: l.OrganizationID}
}
