package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// calendarLife is how long the secret address of a calendar works, unless it is
// renewed or ended earlier.
const calendarLife = 3 * 365 * 24 * time.Hour

// Renew creates a secret for the address of the user's calendar feed, replacing
// any earlier one. It is shown once; only its hash is kept.
func (p *Calendars) Renew(ctx context.Context, a *Principal) (token string, err error) {
	if err := p.End(ctx, a); err != nil {
		return "", err
	}
	l, token, err := p.links.newLink(ctx, Link{Purpose: Calendar, UserID: a.ID(), CreatedBy: a.ID()}, calendarLife)
	if err != nil {
		return "", err
	}
	return token, p.record(ctx, a, "calendar.renew", l.object(), nil, nil)
}

// End revokes the address of the user's calendar feed.
func (p *Calendars) End(ctx context.Context, a *Principal) error {
	if a.Kind != UserKind {
		return errs.New(errs.Forbidden, "only_users_calendar")
	}
	return p.links.endLinksFor(ctx, a.ID(), Calendar)
}

// Has reports whether the user has a valid address.
func (p *Calendars) Has(ctx context.Context, a *Principal) (bool, error) {
	all, err := p.Store.Links().List(ctx, LinkFilter{UserID: a.ID(), Purpose: Calendar}, keys.Page{Limit: 1})
	if err != nil {
		return false, fmt.Errorf("look for the calendar's address: %w", err)
	}
	return len(all) == 1 && all[0].open(p.Now()), nil
}

// Holder returns the principal for the secret: its user with their current
// rights. Errors: errs.NotFound for an invalid secret.
func (p *Calendars) Holder(ctx context.Context, token string) (*Principal, error) {
	l, err := p.links.openLink(ctx, Calendar, token)
	if err != nil {
		return nil, err
	}
	u, err := p.Store.Users().Get(ctx, l.UserID)
	if errors.Is(err, errs.NotFound) || (err == nil && u.Disabled) {
		return nil, errLinkOver
	}
	if err != nil {
		return nil, fmt.Errorf("read the calendar's user: %w", err)
	}
	return p.users.Principal(ctx, u)
}
