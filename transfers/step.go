package transfers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	followTime = 2 * time.Second // how long a transfer works before it returns
	batch      = 500             // changes per step
	// transferSettles is how long after a transfer Step still looks for what others
	// wrote before they knew of it: counts that wait in memory or in a journal.
	settleTime = 10 * time.Minute
)

var (
	errStays     = errors.New("the key is where it belongs")
	errBatchFull = errors.New("enough for one step")
)

// Step continues every unfinished transfer, and returns how much it changed. It is safe to
// call at any time, repeatedly and on several nodes, so a transfer is finished even if its
// process died.
func (t *Service) Step(ctx context.Context) (changed int, err error) {
	err = keys.EachAccount(ctx, t.Store, keys.AccountFilter{Moving: true}, func(account *keys.ServiceAccount) error {
		n, err := t.advance(ctx, account)
		changed += n
		if err != nil {
			return fmt.Errorf("transfer of service account %s: %w", account.ID, err)
		}
		return nil
	})
	return changed, err
}

func (t *Service) advance(ctx context.Context, account *keys.ServiceAccount) (int, error) {
	if err := t.tell(ctx, account); err != nil {
		return 0, err
	}
	n, err := t.follow(ctx, account)
	if n > 0 || err != nil || t.Keys.Now().Sub(account.Move.At) < settleTime {
		return n, err
	}
	_, _, err = keys.Revise(ctx, t.Store.ServiceAccounts(), account.ID, account.Revision, t.Keys.Now,
		func(account *keys.ServiceAccount) error {
			account.Move = nil
			return nil
		})
	if errors.Is(err, errs.Stale) || errors.Is(err, errs.NotFound) { // the next step looks again
		return 0, nil
	}
	t.Keys.Bump(account.ID)
	return 0, err
}

// placed is where an object is, for the audit log.
type placed struct {
	OrganizationID string `json:"organization_id"`
	OwnerID        string `json:"owner_id,omitempty"`
}

// tell writes the events of the transfer, one in each organization, unless they were
// written before an interruption. Neither reveals the owner in the other organization.
func (t *Service) tell(ctx context.Context, account *keys.ServiceAccount) error {
	const action = "service_account.transfer"
	from, to := placed{OrganizationID: account.Move.From}, placed{OrganizationID: account.OrganizationID}
	for _, organization := range []string{from.OrganizationID, to.OrganizationID} {
		told, err := t.Keys.Told(ctx, audit.Filter{
			OrganizationIDs: []string{organization}, ObjectID: account.ID, Action: action,
			From: account.Move.At,
		}, 1)
		if err != nil {
			return fmt.Errorf("read events of the service account: %w", err)
		}
		if len(told) > 0 {
			continue
		}
		object, before, after := account.Object(), from, to
		object.OrganizationID = organization
		if organization == from.OrganizationID {
			before.OwnerID = account.Move.OwnerID
		} else {
			after.OwnerID = account.OwnerID
		}
		err = t.Keys.Tell(ctx, audit.Change{Subject: account.Move.By, Action: action, Object: object, Before: before, After: after})
		if err != nil {
			return err
		}
	}
	return nil
}

// follow moves what belongs to the account to its organization: at most batch
// objects, and the certificates. It returns how much it changed: nothing if the account
// was transferred again, because everything follows the later transfer.
func (t *Service) follow(ctx context.Context, account *keys.ServiceAccount) (changed int, err error) {
	s := t.Keys
	now, err := t.Store.ServiceAccounts().Get(ctx, account.ID)
	if errors.Is(err, errs.NotFound) || err == nil && now.OrganizationID != account.OrganizationID {
		return 0, nil
	}
	if err != nil {
		return 0, keys.Missing(err, "service account")
	}
	if moved, err := t.moveSome(ctx, account); moved > 0 || err != nil {
		return moved, err
	}
	err = s.EachKey(ctx, keys.KeyFilter{ServiceAccountID: account.ID}, func(k *keys.Key) error {
		if k.OrganizationID == account.OrganizationID {
			return nil
		}
		if changed++; changed > batch {
			return errBatchFull
		}
		return t.moveKey(ctx, account, k.ID)
	})
	if errors.Is(err, errBatchFull) {
		return batch, nil
	}
	if err != nil {
		return changed, err
	}
	n, err := t.Certificates.MoveTo(ctx, account.ID, account.OrganizationID)
	if changed += n; err != nil {
		return changed, fmt.Errorf("move certificates: %w", err)
	}
	n, err = t.Usage.MoveUsage(ctx, account.ID, account.OrganizationID, batch)
	if changed += n; err != nil {
		return changed, fmt.Errorf("move usage: %w", err)
	}
	return changed, nil
}

// moveSome moves at most batch keys of the transfer to the account's organization
// in one write. It returns how many.
func (t *Service) moveSome(ctx context.Context, account *keys.ServiceAccount) (int, error) {
	s := t.Keys
	found, err := t.Store.Keys().List(ctx, keys.KeyFilter{ServiceAccountID: account.ID, OrganizationIDs: []string{account.Move.From}},
		keys.Page{Limit: batch})
	if err != nil {
		return 0, fmt.Errorf("list keys: %w", err)
	}
	changes, err := s.ReviseKeys(ctx, found, func(k *keys.Key) error {
		if k.OrganizationID == account.OrganizationID {
			return errStays
		}
		k.OrganizationID = account.OrganizationID
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(changes), s.RecordKeys(ctx, changes, func(c *keys.Revised) audit.Change { return moveOf(account, &c.Before, &c.After) })
}

// Hurry moves keys of transfers that the request did not finish, and returns how many.
// Step does the rest. It may be called whenever Step may.
func (t *Service) Hurry(ctx context.Context) (moved int, err error) {
	err = keys.EachAccount(ctx, t.Store, keys.AccountFilter{Moving: true}, func(account *keys.ServiceAccount) error {
		now, err := t.Store.ServiceAccounts().Get(ctx, account.ID)
		if err != nil || now.Move == nil {
			return keys.Missing(err, "service account")
		}
		n, err := t.moveSome(ctx, &now)
		moved += n
		return err
	})
	return moved, err
}

func moveOf(account *keys.ServiceAccount, before, after *keys.Key) audit.Change {
	return audit.Change{
		Subject: account.Move.By, Action: "key.transfer", Object: after.Object(),
		Before: placed{OrganizationID: before.OrganizationID}, After: placed{OrganizationID: after.OrganizationID},
	}
}

// moveKey sets the key's organization to the one its account has now. Of two concurrent
// transfers the later one wins.
func (t *Service) moveKey(ctx context.Context, account *keys.ServiceAccount, id string) error {
	before, after, err := keys.Revise(ctx, t.Store.Keys(), id, keys.AnyRevision, t.Keys.Now, func(k *keys.Key) error {
		return t.Keys.Locate(ctx, k)
	})
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("move key %s: %w", id, err)
	}
	t.Keys.Bump(after.Mark(), after.ID)
	return t.Keys.Tell(ctx, moveOf(account, &before, &after))
}
