// Package transfers moves a service account to another organization, in steps
// that survive the process.
package transfers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// MostCounted is how many keys of an account a Preview counts.
const MostCounted = 1000

// MovableUsage stores counts by service account and organization.
type MovableUsage interface {
	// MoveUsage moves at most limit pages of counts of the account and its keys to the
	// organization, and returns how many it moved.
	MoveUsage(ctx context.Context, accountID, organizationID string, limit int) (int, error)
}

// MovableCertificates stores client certificates that act as service accounts.
type MovableCertificates interface {
	// CountOf returns how many certificates act as the account.
	CountOf(ctx context.Context, accountID string) (int, error)
	// MoveTo moves the account's certificates to the organization, and returns how many
	// it moved.
	MoveTo(ctx context.Context, accountID, organizationID string) (int, error)
}

// Config is what a Service needs. All fields are required.
type Config struct {
	Keys         *keys.Service
	Store        keys.Store // the same as in Keys
	Usage        MovableUsage
	Certificates MovableCertificates
}

// Service moves service accounts to other organizations. The account itself changes in one
// write, which takes effect for verification and permissions. What belongs to it follows in
// steps that any node may continue. See docs/decisions/0020.
type Service struct{ Config }

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Keys == nil || c.Store == nil || c.Usage == nil || c.Certificates == nil {
		return nil, errors.New("transfers: Keys, Store, Usage and Certificates are required")
	}
	return &Service{c}, nil
}

// Preview is what a transfer would do.
type Preview struct {
	Account      keys.ServiceAccount
	From, To     keys.Organization
	Keys         int // neither revoked nor expired, up to MostCounted
	MoreKeys     bool
	Certificates int
	Management   []string // its scopes of the management API, which apply to the other organization afterwards
	Lacking      []string // its scopes that the actor may not grant there, so the transfer is refused
	OwnerID      string   // its owner there, "" for nobody
}

// Destination is the target of a transfer.
type Destination struct {
	OrganizationID string
	OwnerID        string // a member there who becomes the owner, "" for nobody
}

// Preview returns what a transfer would do, and refuses one that is not allowed.
func (t *Service) Preview(ctx context.Context, a keys.Actor, accountID string, to Destination) (p Preview, err error) {
	if p, err = t.allowed(ctx, a, accountID, to); err != nil {
		return p, err
	}
	return p, t.count(ctx, a, &p)
}

// count completes the preview.
func (t *Service) count(ctx context.Context, a keys.Actor, p *Preview) error {
	alive, err := t.Keys.AliveKeys(ctx, p.Account.ID, MostCounted+1)
	if err != nil {
		return err
	}
	p.Keys, p.MoreKeys = min(alive, MostCounted), alive > MostCounted
	if p.Certificates, err = t.Certificates.CountOf(ctx, p.Account.ID); err != nil {
		return fmt.Errorf("count certificates: %w", err)
	}
	for _, scope := range p.Account.Scopes {
		if strings.HasPrefix(scope, keys.ManagementPrefix) || scope == keys.AnyScope {
			p.Management = append(p.Management, scope)
		}
		if !a.MayGrant(scope, p.To.ID) {
			p.Lacking = append(p.Lacking, scope)
		}
	}
	return nil
}

// allowed reads the objects of a transfer, if the actor may change both organizations.
// The error reveals nothing about one that they may not see.
func (t *Service) allowed(ctx context.Context, a keys.Actor, accountID string, to Destination) (p Preview, err error) {
	s, organizationID := t.Keys, to.OrganizationID
	account, err := s.AccountFor(ctx, a, accountID, keys.ReadAccounts, keys.WriteOrganization)
	if err != nil {
		return p, err
	}
	p.Account = account
	switch {
	case organizationID == p.Account.OrganizationID:
		return p, errs.BadField("organization_id", "same_organization")
	case !a.May(keys.ReadOrganization, organizationID):
		return p, errs.BadField("organization_id", "no_organization")
	case !a.May(keys.WriteOrganization, organizationID):
		e := errs.New(errs.Forbidden, "transfer_needs_both")
		e.Fields = []errs.Field{{Name: "organization_id", Text: errs.Say("not_owner")}}
		return p, e
	}
	if p.From, err = t.Store.Organizations().Get(ctx, p.Account.OrganizationID); err != nil {
		return p, keys.Missing(err, "no_organization")
	}
	if p.From.Disabled && !a.IsAdmin() {
		return p, errs.New(errs.Conflict, "transfer_from_disabled")
	}
	if p.To, err = s.OrganizationToJoin(ctx, organizationID); err != nil {
		return p, err
	}
	if p.To.Disabled {
		return p, errs.BadField("organization_id", "account_disabled_keys_stop")
	}
	p.OwnerID = to.OwnerID
	return p, s.CheckOwner(ctx, organizationID, to.OwnerID)
}

// Transfer is a completed transfer of an account.
type Transfer struct {
	Preview // with the account as it is now
	keys.Effect
	// Complete is false if some of what belongs to the account follows after the answer,
	// within minutes.
	Complete bool
}

// Transfer moves the account to the organization. Its keys keep working. The actor must be
// allowed to change both organizations, and to grant what the account has in the new one.
// If the same transfer was made lately or interrupted, Transfer continues it and keeps the
// owner as it is.
func (t *Service) Transfer(ctx context.Context, a keys.Actor, accountID string, revision int64, to Destination) (Transfer, error) {
	s := t.Keys
	p, err := t.allowed(ctx, a, accountID, to)
	if move := p.Account.Move; move != nil && p.Account.OrganizationID == to.OrganizationID {
		p.From.ID, p.To.ID, p.OwnerID = move.From, to.OrganizationID, p.Account.OwnerID
		if err := p.Account.At(revision); err != nil {
			return Transfer{}, err
		}
		return t.finish(ctx, a, p)
	}
	if err != nil {
		return Transfer{}, err
	}
	_, account, err := s.ReviseAccount(ctx, accountID, revision, func(account *keys.ServiceAccount) error {
		if account.OrganizationID != p.From.ID {
			return keys.ErrTransferred
		}
		account.Move = &keys.Move{From: p.From.ID, OwnerID: account.OwnerID, At: keys.Moment(s.Now()), By: a.Subject()}
		account.OrganizationID, account.OwnerID = to.OrganizationID, to.OwnerID
		return account.MayMake(a, account.AccountFields)
	})
	if err != nil {
		return Transfer{}, keys.Missing(err, "service account")
	}
	s.Bump(account.ID)
	p.Account = account
	return t.finish(ctx, a, p)
}

// finish does what remains once the account itself has changed.
func (t *Service) finish(ctx context.Context, a keys.Actor, p Preview) (done Transfer, err error) {
	if err := t.tell(ctx, &p.Account); err != nil {
		return done, err
	}
	if err := t.count(ctx, a, &p); err != nil {
		return done, err
	}
	done.Preview = p
	if done.Complete, err = t.followFor(ctx, &p.Account, followTime); err != nil {
		return done, err
	}
	done.Effect = t.Keys.Effect(ctx)
	return done, nil
}

// followFor moves what belongs to the account for a time, and reports whether all of it
// has moved.
func (t *Service) followFor(ctx context.Context, account *keys.ServiceAccount, most time.Duration) (all bool, err error) {
	for until := t.Keys.Now().Add(most); ; {
		n, err := t.follow(ctx, account)
		if n == 0 || err != nil {
			return err == nil, err
		}
		if t.Keys.Now().After(until) {
			return false, nil
		}
	}
}
