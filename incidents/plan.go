package incidents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

const (
	mostLinesTold  = 100
	planSavesEvery = 20 // pages
)

// planner finds the keys of an incident and stores them, page by page.
type planner struct {
	n       *Service
	current *Incident
	page    []Key
	names   map[string]bool // ids in the pasted list, each once
	left    map[keys.Creator]bool
}

func (p *planner) plan(ctx context.Context, a keys.Actor, wanted []line) error {
	p.left = map[keys.Creator]bool{}
	var err error
	if p.current.Selection.Pasted > 0 {
		err = p.pasted(ctx, wanted)
	} else {
		err = p.selected(ctx)
	}
	if err == nil {
		err = p.flush(ctx)
	}
	if err != nil {
		return err
	}
	if lines := p.current.UnknownLines; len(lines) > mostLinesTold {
		p.current.UnknownLines = lines[:mostLinesTold]
	}
	p.current.State = Planned
	if err := p.n.save(ctx, p.current); err != nil {
		return err
	}
	return p.n.Keys.Record(ctx, a, "incident.create", p.current.Object(), nil, p.current.summary())
}

// pasted looks up the keys of the list.
func (p *planner) pasted(ctx context.Context, wanted []line) error {
	accounts := map[string]keys.ServiceAccount{}
	for _, w := range wanted {
		k, err := p.n.Keys.LookUp(ctx, w.Reference)
		if errors.Is(err, errs.NotFound) {
			p.current.Count.Unknown++
			p.current.UnknownLines = append(p.current.UnknownLines, w.number)
			continue
		}
		if err != nil {
			return err
		}
		if p.names[k.ID] {
			continue
		}
		p.names[k.ID] = true
		account, known := accounts[k.ServiceAccountID]
		if !known {
			if account, err = p.n.Store.ServiceAccounts().Get(ctx, k.ServiceAccountID); err != nil {
				return keys.Missing(err, "no_service_account")
			}
			accounts[account.ID] = account
		}
		if err := p.consider(ctx, &k, &account); err != nil {
			return err
		}
	}
	slices.Sort(p.current.UnknownLines)
	return nil
}

// selected goes through the accounts that may have matching keys.
func (p *planner) selected(ctx context.Context) error {
	s := &p.current.Selection
	if s.ServiceAccountID != "" {
		account, err := p.n.Store.ServiceAccounts().Get(ctx, s.ServiceAccountID)
		if errors.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read service account: %w", err)
		}
		return p.account(ctx, &account)
	}
	f := keys.AccountFilter{Tier: s.Tier}
	if s.OrganizationID != "" {
		f.OrganizationIDs = []string{s.OrganizationID}
	}
	return keys.EachAccount(ctx, p.n.Store, f, func(account *keys.ServiceAccount) error { return p.account(ctx, account) })
}

// account considers the live keys of an account.
func (p *planner) account(ctx context.Context, account *keys.ServiceAccount) error {
	s := &p.current.Selection
	if (s.OrganizationID != "" && account.OrganizationID != s.OrganizationID) || (s.Tier != "" && account.Tier != s.Tier) {
		return nil
	}
	return p.n.Keys.EachAlive(ctx, account.ID, func(k *keys.Key) error { return p.consider(ctx, k, account) })
}

// consider plans the key if it is selected and not yet in the wanted state.
func (p *planner) consider(ctx context.Context, k *keys.Key, account *keys.ServiceAccount) error {
	fits, err := p.fits(ctx, k, account)
	if err != nil || !fits {
		return err
	}
	if !k.Alive(p.n.Keys.Now()) || (p.current.Action == Disable && k.Disabled) {
		p.current.Count.Already++
		return nil
	}
	p.current.count(k.OrganizationID, account.Tier)
	p.page = append(p.page, Key{
		ID: k.ID, Name: k.Name, OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID, Start: k.Start, Last4: k.Last4,
		Revision: k.Revision,
	})
	if len(p.page) < pageSize {
		return nil
	}
	return p.flush(ctx)
}

// fits reports whether the key matches the selection.
func (p *planner) fits(ctx context.Context, k *keys.Key, account *keys.ServiceAccount) (bool, error) {
	s := &p.current.Selection
	switch {
	case s.OrganizationID != "" && k.OrganizationID != s.OrganizationID,
		s.ServiceAccountID != "" && k.ServiceAccountID != s.ServiceAccountID,
		s.Tier != "" && account.Tier != s.Tier,
		s.CreatedBy != "" && k.CreatedBy != s.CreatedBy,
		s.Scope != "" && !keys.CoveredBy(keys.EffectiveScopes(k.Scopes, account.Scopes), s.Scope),
		!s.CreatedBefore.IsZero() && !k.CreatedAt.Before(s.CreatedBefore),
		!s.LastUsedBefore.IsZero() && !k.LastUsedAt.Before(s.LastUsedBefore):
		return false, nil
	}
	switch s.Neglect {
	case keys.NeverUsed:
		since := p.n.Keys.Now().Add(-keys.NeverUsedFor)
		return k.LastUsedAt.IsZero() && k.CreatedAt.Before(since) && k.NotBefore.Before(since), nil
	case keys.NoExpiry:
		return k.EndsAt().IsZero(), nil
	case keys.NoOwner:
		return p.isOrphan(ctx, keys.Owner{OrganizationID: account.OrganizationID, ID: account.OwnerID})
	case keys.CreatorLeft:
		return p.hasLeft(ctx, keys.Creator{OrganizationID: k.OrganizationID, ID: k.CreatedBy})
	default:
		return true, nil
	}
}

func (p *planner) isOrphan(ctx context.Context, o keys.Owner) (bool, error) {
	if o.ID == "" {
		return true, nil
	}
	return p.hasLeft(ctx, keys.Creator(o))
}

func (p *planner) hasLeft(ctx context.Context, c keys.Creator) (bool, error) {
	if !strings.HasPrefix(c.ID, ids.User) {
		return false, nil
	}
	if left, known := p.left[c]; known {
		return left, nil
	}
	left, err := p.n.Left(ctx, c.ID, c.OrganizationID)
	if err != nil {
		return false, fmt.Errorf("ask whether a creator has left: %w", err)
	}
	p.left[c] = left
	return left, nil
}

// flush stores the page.
func (p *planner) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(p.page) == 0 {
		return nil
	}
	page := Page{Stamp: keys.NewStamp(p.n.Keys.Now()), ID: pageID(p.current.ID, p.current.Pages), Keys: p.page}
	if err := p.n.Store.IncidentPages().Insert(ctx, page); err != nil {
		return fmt.Errorf("store a page of %s: %w", p.current.ID, err)
	}
	p.page = nil
	p.current.Pages++
	if p.current.Pages%planSavesEvery != 0 {
		return nil
	}
	return p.n.save(ctx, p.current)
}
