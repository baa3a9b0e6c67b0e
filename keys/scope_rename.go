package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// Bounds of a scope rename.
const (
	MaxRename       = 366 * 24 * time.Hour // how long the old name keeps working
	RenameBatch     = 2000                 // changes per RenameStep
	mostScopeLooked = 1000                 // accounts, and keys, that a ScopeUse reads
)

// ScopeUse counts the holders of a scope by its name.
type ScopeUse struct {
	Accounts   int
	Keys       int // with scopes of their own
	Wildcards  int // accounts that hold it through a wildcard, which may not cover a new name
	Incomplete bool
}

// ScopesUse counts the holders of each name, among the newest accounts and keys. Only
// admins may.
func (s *catalogue) ScopesUse(ctx context.Context, a Actor, names []string) (map[string]*ScopeUse, error) {
	if err := StaffOnly(a); err != nil {
		return nil, err
	}
	use := make(map[string]*ScopeUse, len(names))
	for _, name := range names {
		use[name] = &ScopeUse{}
	}
	looked, incomplete := 0, false
	err := EachAccount(ctx, s.store, AccountFilter{}, func(account *ServiceAccount) error {
		if looked++; looked > mostScopeLooked {
			return errEnough
		}
		for name, u := range use {
			switch {
			case slices.Contains(account.Scopes, name):
				u.Accounts++
			case CoveredBy(account.Scopes, name):
				u.Wildcards++
			}
		}
		return nil
	})
	if incomplete = errors.Is(err, errEnough); err != nil && !incomplete {
		return nil, fmt.Errorf("count accounts by scope: %w", err)
	}
	looked = 0
	err = s.eachScoped(ctx, func(k *Key) error {
		if looked++; looked > mostScopeLooked {
			return errEnough
		}
		for _, scope := range k.Scopes {
			if u := use[scope]; u != nil {
				u.Keys++
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("count keys by scope: %w", err)
	}
	for _, u := range use {
		u.Incomplete = incomplete || err != nil
	}
	return use, nil
}

// RetireScope stops the scope from being granted, or allows it again. Holders keep it.
// Only admins may.
func (s *catalogue) RetireScope(ctx context.Context, a Actor, name string, revision int64, retired bool) (Scope, error) {
	if err := StaffOnly(a); err != nil {
		return Scope{}, err
	}
	action := "scope.retire"
	if !retired {
		action = "scope.restore"
	}
	before, after, err := Revise(ctx, s.store.Scopes(), name, revision, s.now, func(c *Scope) error {
		if err := renamable(c); err != nil {
			return err
		}
		c.RetiredAt = time.Time{}
		if retired {
			c.RetiredAt = Moment(s.now())
		}
		return nil
	})
	if err != nil {
		return Scope{}, Missing(err, noScope)
	}
	return after, s.Record(ctx, a, action, after.Object(), before, after)
}

func renamable(c *Scope) error {
	switch {
	case strings.HasPrefix(c.Name, ManagementPrefix):
		return errs.New(errs.Conflict, "management_scope_name")
	case c.RenamedTo != "":
		return errs.New(errs.Conflict, "scope_renaming", "name", c.RenamedTo)
	default:
		return nil
	}
}

// RenameScope gives every holder of the scope the new name as well, in steps (see
// RenameStep), and takes the old one away after keep. Until then a verification that
// asks for the old name passes. It adds the new name to the catalogue if it is not
// there yet. Only admins may.
func (s *catalogue) RenameScope(ctx context.Context, a Actor, name string, revision int64, to string, keep time.Duration) (Scope, error) {
	if err := StaffOnly(a); err != nil {
		return Scope{}, err
	}
	old, err := s.Scope(ctx, name)
	if err == nil {
		err = old.At(revision)
	}
	if err == nil {
		err = renamable(&old)
	}
	if err != nil {
		return Scope{}, err
	}
	var f errs.Faults
	f.Check(keep >= 0 && keep <= MaxRename, "keep", "days_out_of_range", "most", int(MaxRename.Hours()/24))
	f.Check(to != name, "name", "same_name")
	f.Check(!strings.HasPrefix(to, ManagementPrefix), "name", "resource_reserved")
	f.Check(ValidScope(to), "name", "scope_shape", "most", MaxScopeLength)
	if err := f.Err(); err != nil {
		return Scope{}, err
	}
	if there, err := s.store.Scopes().Get(ctx, to); err == nil && !(there.RetiredAt.IsZero() && there.RenamedTo == "") {
		return Scope{}, errs.BadField("name", "scope_name_taken")
	}
	made, err := s.CreateScope(ctx, a, to, old.ScopeFields)
	there := errors.Is(err, errs.Conflict)
	if err != nil && !there {
		return Scope{}, err
	}
	before, after, err := Revise(ctx, s.store.Scopes(), name, revision, s.now, func(c *Scope) error {
		if err := renamable(c); err != nil {
			return err
		}
		now := Moment(s.now())
		c.RetiredAt, c.RenamedTo, c.RenamedUntil, c.RenameOpen = now, to, now.Add(keep), true
		return nil
	})
	if err != nil && !there {
		err = errors.Join(err, s.store.Scopes().Delete(context.WithoutCancel(ctx), to, made.Revision))
	}
	if err != nil {
		return Scope{}, Missing(err, noScope)
	}
	return after, s.Record(ctx, a, "scope.rename", after.Object(), before, after)
}

// RenameDue reports whether RenameStep has work to do.
func (s *catalogue) RenameDue(ctx context.Context) (due bool, err error) {
	err = Each(ctx, "scopes", s.store.Scopes(), NoFilter{}, func(c *Scope) string { return c.Name }, func(c *Scope) error {
		due = due || c.renameDue(s.now())
		return nil
	})
	return due, err
}

func (c *Scope) renameDue(now time.Time) bool {
	return c.RenamedTo != "" && (c.RenameOpen || !now.Before(c.RenamedUntil))
}

// RenameStep makes at most RenameBatch of the changes to renamed scopes that are due,
// and returns how many it made. It is safe to call at any time, repeatedly and on
// several nodes.
func (s *catalogue) RenameStep(ctx context.Context, a Actor) (changed int, err error) {
	err = Each(ctx, "scopes", s.store.Scopes(), NoFilter{}, func(c *Scope) string { return c.Name }, func(c *Scope) error {
		if !c.renameDue(s.now()) {
			return nil
		}
		n, err := s.renameStep(ctx, a, c)
		if changed = n; err == nil && n > 0 {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return changed, err
}

// renameStep makes changes for one scope, and records when all are made.
func (s *catalogue) renameStep(ctx context.Context, a Actor, c *Scope) (changed int, err error) {
	last := !s.now().Before(c.RenamedUntil)
	rewrite := func(scopes []string) ([]string, bool) { return renamed(scopes, c.Name, c.RenamedTo, last) }
	err = EachAccount(ctx, s.store, AccountFilter{}, func(account *ServiceAccount) error {
		if _, differs := rewrite(account.Scopes); !differs {
			return nil
		}
		if changed++; changed > RenameBatch {
			return errEnough
		}
		return s.rewriteAccount(ctx, a, account.ID, rewrite)
	})
	if err == nil {
		err = s.eachScoped(ctx, func(k *Key) error {
			if _, differs := rewrite(k.Scopes); !differs {
				return nil
			}
			if changed++; changed > RenameBatch {
				return errEnough
			}
			return s.rewriteKey(ctx, a, k.ID, rewrite)
		})
	}
	if errors.Is(err, errEnough) {
		return RenameBatch, nil
	}
	if err != nil {
		return changed, fmt.Errorf("rename scope %s: %w", c.Name, err)
	}
	return changed, s.renameDone(ctx, a, c, last)
}

func (s *catalogue) renameDone(ctx context.Context, a Actor, c *Scope, last bool) error {
	if last {
		if err := s.store.Scopes().Delete(ctx, c.Name, c.Revision); err != nil {
			return Missing(err, noScope)
		}
		return s.Record(ctx, a, "scope.rename_end", c.Object(), *c, nil)
	}
	_, _, err := Revise(ctx, s.store.Scopes(), c.Name, c.Revision, s.now, func(c *Scope) error { c.RenameOpen = false; return nil })
	if errors.Is(err, errs.Stale) { // another node was faster
		return nil
	}
	return err
}

// renamed returns the scopes with the new name added to the old one, or replacing it
// in the last step, and whether that changes anything.
func renamed(scopes []string, old, to string, last bool) ([]string, bool) {
	if !slices.Contains(scopes, old) {
		return scopes, false
	}
	has := slices.Contains(scopes, to)
	if !last && (has || len(scopes) >= MaxScopes) {
		return scopes, false
	}
	changed := slices.Clone(scopes)
	if last {
		changed = slices.DeleteFunc(changed, func(scope string) bool { return scope == old })
	}
	return tidy(append(changed, to)), true
}

func (s *catalogue) rewriteAccount(ctx context.Context, a Actor, id string, rewrite func([]string) ([]string, bool)) error {
	before, after, err := s.ReviseAccount(ctx, id, AnyRevision, func(account *ServiceAccount) error {
		account.Scopes, _ = rewrite(account.Scopes)
		return nil
	})
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Record(ctx, a, "service_account.rename_scope", after.Object(), before, after)
}

func (s *catalogue) rewriteKey(ctx context.Context, a Actor, id string, rewrite func([]string) ([]string, bool)) error {
	before, after, err := Revise(ctx, s.store.Keys(), id, AnyRevision, s.now, func(k *Key) error {
		k.Scopes, _ = rewrite(k.Scopes)
		return nil
	})
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.RecordKey(ctx, a, "key.rename_scope", &after, before, after)
}
