package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/internal/errs"
)

// MostCounted is how many keys of an account the preview of a transfer counts.
const MostCounted = 1000

// MovableUsage keeps counts by service account and organization.
type MovableUsage interface {
	// MoveUsage gives at most limit pages of counts of the account, and of its
	// keys, the organization, and returns how many had another one.
	MoveUsage(ctx context.Context, accountID, organizationID string, limit int) (int, error)
}

// MovableCertificates keeps client certificates that act as service accounts.
type MovableCertificates interface {
	// CountOf returns how many certificates act as the account.
	CountOf(ctx context.Context, accountID string) (int, error)
	// MoveTo gives the account's certificates the organization, and returns how
	// many had another one.
	MoveTo(ctx context.Context, accountID, organizationID string) (int, error)
}

// TransfersConfig is what Transfers need. All fields are required.
type TransfersConfig struct {
	Keys         *Service
	Usage        MovableUsage
	Certificates MovableCertificates
}

// Transfers hand service accounts to other organizations. The account itself
// changes in one write, which verification and permissions go by; what belongs
// to it follows in steps that anybody may take up. See docs/decisions/0020.
type Transfers struct{ TransfersConfig }

// NewTransfers returns Transfers.
func NewTransfers(c TransfersConfig) (*Transfers, error) {
	if c.Keys == nil || c.Usage == nil || c.Certificates == nil {
		return nil, errors.New("keys: Keys, Usage and Certificates are required")
	}
	return &Transfers{c}, nil
}

// TransferPreview is what a transfer would do.
type TransferPreview struct {
	Account      ServiceAccount
	From, To     Organization
	Keys         int // neither revoked nor ended, up to MostCounted
	MoreKeys     bool
	Certificates int
	Management   []string // its scopes of the management API, which mean the other organization afterwards
	Lacking      []string // its scopes that the actor may not grant there, for which the transfer is refused
	OwnerID      string   // who looks after it there, "" for nobody
}

// Destination is where a transfer goes.
type Destination struct {
	OrganizationID string
	OwnerID        string // a member there who looks after it, "" for nobody
}

// Preview tells what a transfer would do, and refuses one that may not be.
func (t *Transfers) Preview(ctx context.Context, a Actor, accountID string, to Destination) (p TransferPreview, err error) {
	if p, err = t.allowed(ctx, a, accountID, to); err != nil {
		return p, err
	}
	return p, t.count(ctx, a, &p)
}

// count completes the preview.
func (t *Transfers) count(ctx context.Context, a Actor, p *TransferPreview) error {
	alive, err := t.Keys.aliveKeys(ctx, p.Account.ID, MostCounted+1)
	if err != nil {
		return err
	}
	p.Keys, p.MoreKeys = min(alive, MostCounted), alive > MostCounted
	if p.Certificates, err = t.Certificates.CountOf(ctx, p.Account.ID); err != nil {
		return fmt.Errorf("count certificates: %w", err)
	}
	for _, scope := range p.Account.Scopes {
		if strings.HasPrefix(scope, managementPrefix) || scope == AnyScope {
			p.Management = append(p.Management, scope)
		}
		if !a.MayGrant(scope, p.To.ID) {
			p.Lacking = append(p.Lacking, scope)
		}
	}
	return nil
}

// allowed reads what a transfer is about, if the actor may change both
// organizations. Of one that he may not see he learns nothing.
func (t *Transfers) allowed(ctx context.Context, a Actor, accountID string, to Destination) (p TransferPreview, err error) {
	s, organizationID := t.Keys, to.OrganizationID
	account, err := s.accountFor(ctx, a, accountID, ReadAccounts, WriteOrganization)
	if err != nil {
		return p, err
	}
	p.Account = account
	switch {
	case organizationID == p.Account.OrganizationID:
		return p, badField("organization_id", "is the organization that it is in")
	case !a.May(ReadOrganization, organizationID):
		return p, badField("organization_id", "there is no such organization")
	case !a.May(WriteOrganization, organizationID):
		e := errs.New(errs.Forbidden, "a service account is transferred by who may change both organizations: an owner of both, or the provider's staff")
		e.Fields = []errs.Field{{Name: "organization_id", Detail: "you are no owner of it"}}
		return p, e
	}
	if p.From, err = s.store.Organizations().Get(ctx, p.Account.OrganizationID); err != nil {
		return p, missing(err, organizationWord)
	}
	if p.From.Disabled && !a.IsAdmin() {
		return p, errs.New(errs.Conflict, "the organization that it is in is disabled; only the provider's staff transfers out of it")
	}
	if p.To, err = s.parentOrganization(ctx, organizationID); err != nil {
		return p, err
	}
	if p.To.Disabled {
		return p, badField("organization_id", "is disabled: the keys would stop to work")
	}
	p.OwnerID = to.OwnerID
	return p, s.checkOwner(ctx, organizationID, to.OwnerID)
}

// Transferred is a transfer that was made.
type Transferred struct {
	TransferPreview // with the account as it is now
	Effect
	// Complete is false where some of what belongs to the account follows behind
	// the answer, within minutes.
	Complete bool
}

var errTransferred = errs.New(errs.Conflict, "the service account was transferred by somebody else just now")

// Transfer hands the account to the organization. Its keys go on working. The
// actor may change both organizations, and grants what the account has in the
// new one. A transfer that was made lately, or interrupted, is gone on with, and
// leaves the owner as he is.
func (t *Transfers) Transfer(ctx context.Context, a Actor, accountID string, revision int64, to Destination) (Transferred, error) {
	s := t.Keys
	p, err := t.allowed(ctx, a, accountID, to)
	if move := p.Account.Move; move != nil && p.Account.OrganizationID == to.OrganizationID {
		p.From.ID, p.To.ID, p.OwnerID = move.From, to.OrganizationID, p.Account.OwnerID
		if err := p.Account.At(revision); err != nil {
			return Transferred{}, err
		}
		return t.finish(ctx, a, p)
	}
	if err != nil {
		return Transferred{}, err
	}
	_, account, err := s.reviseAccount(ctx, accountID, revision, func(account *ServiceAccount) error {
		if account.OrganizationID != p.From.ID {
			return errTransferred
		}
		account.Move = &Move{From: p.From.ID, OwnerID: account.OwnerID, At: moment(s.now()), By: a.Subject()}
		account.OrganizationID, account.OwnerID = to.OrganizationID, to.OwnerID
		return account.mayMake(a, account.AccountFields)
	})
	if err != nil {
		return Transferred{}, missing(err, accountWord)
	}
	s.bump(account.ID)
	p.Account = account
	return t.finish(ctx, a, p)
}

// finish does what is left once the account itself has changed.
func (t *Transfers) finish(ctx context.Context, a Actor, p TransferPreview) (done Transferred, err error) {
	if err := t.tell(ctx, &p.Account); err != nil {
		return done, err
	}
	if err := t.count(ctx, a, &p); err != nil {
		return done, err
	}
	done.TransferPreview = p
	if done.Complete, err = t.followFor(ctx, &p.Account, answerWithin); err != nil {
		return done, err
	}
	done.Effect = t.Keys.Effect(ctx)
	return done, nil
}

// followFor lets what belongs to the account follow for a time, and tells
// whether all of it has.
func (t *Transfers) followFor(ctx context.Context, account *ServiceAccount, most time.Duration) (all bool, err error) {
	for until := t.Keys.now().Add(most); ; {
		n, err := t.follow(ctx, account)
		if n == 0 || err != nil {
			return err == nil, err
		}
		if t.Keys.now().After(until) {
			return false, nil
		}
	}
}

// Elsewhere returns the accounts that were transferred to where the actor may
// not do the action. What belongs to them may still bear the organization that
// they left, and is not the actor's to see. Mostly there is none.
func (s *Service) Elsewhere(ctx context.Context, a Actor, action Action) ([]string, error) {
	own := a.Organizations(action)
	if own == nil {
		return nil, nil
	}
	var gone []string
	err := eachAccount(ctx, s.store, AccountFilter{Moving: true}, func(account *ServiceAccount) error {
		if !slices.Contains(own, account.OrganizationID) {
			gone = append(gone, account.ID)
		}
		return nil
	})
	return gone, err
}

// locate gives the key the organization of its account, which a transfer
// changes first.
func (s *Service) locate(ctx context.Context, k *Key) error {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if errors.Is(err, errs.NotFound) { // what is left of an account that was deleted
		return nil
	}
	if err != nil {
		return missing(err, accountWord)
	}
	k.OrganizationID = account.OrganizationID
	return nil
}

// relocate is locate for a key of which known was found out before, unless
// that says the same.
func (s *Service) relocate(ctx context.Context, k, known *Key) error {
	if k.OrganizationID == known.OrganizationID {
		return nil
	}
	return s.locate(ctx, k)
}

// stays reports with an error that the key's account is in another
// organization than the key.
func (s *Service) stays(ctx context.Context, k *Key) error {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if err != nil {
		return missing(err, accountWord)
	}
	if account.OrganizationID != k.OrganizationID {
		return errTransferred
	}
	return nil
}
