// Package keys is the domain of Latchkey: organizations, service accounts, keys,
// scopes and tiers, and how keys are issued, rotated and revoked. It contains every
// rule about them except verification, which is in package verify. It depends on no
// transport and no database: stores implement the interfaces declared here.
package keys

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/nodes"
)

// Config is what a Service needs. Store, Audit, Marks and Format are required.
type Config struct {
	Store  Store
	Audit  *audit.Log
	Marks  *Marks // shared with the Verifier, so that a change reaches its cache
	Format Format
	Nodes  *nodes.Registry      // nil: there are no other nodes
	Push   func(marks []string) // tells other nodes at once; nil: they poll
	Now    func() time.Time     // time.Now if nil
	// IsMember reports whether the user is a member of the organization, and so may
	// own its service accounts; nil: nobody is.
	IsMember func(ctx context.Context, organizationID, userID string) (bool, error)
}

// Service manages the domain's objects on behalf of actors. Every method checks what
// the actor may do, and every change is recorded in the audit log.
type Service struct {
	*base
	organizations
	accounts
	credentials
	catalogue
	search
}

// The parts of a Service, by what they change. They share its base.
type (
	organizations struct{ *base }
	accounts      struct{ *base } // service accounts: their owners, overrides and limits
	credentials   struct{ *base } // keys: issue, rotate, change, revoke
	catalogue     struct{ *base } // tiers and scopes
	search        struct {        // finds keys and lists what needs attention
		*base
		accounts    *accounts
		credentials *credentials
		catalogue   *catalogue
	}
)

// base is what the parts of a Service share.
type base struct {
	*Recorder
	store   Store
	format  Format
	nodes   *nodes.Registry
	member  func(ctx context.Context, organizationID, userID string) (bool, error)
	issuing [64]sync.Mutex // by account: keeps concurrent issues from refusing each other
}

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Audit == nil || c.Marks == nil || c.Format.IsZero() {
		return nil, errors.New("keys: Store, Audit, Marks and Format are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.IsMember == nil {
		c.IsMember = func(context.Context, string, string) (bool, error) { return false, nil }
	}
	recorder := &Recorder{audit: c.Audit, marks: c.Marks, push: c.Push, now: c.Now}
	b := &base{Recorder: recorder, store: c.Store, format: c.Format, nodes: c.Nodes, member: c.IsMember}
	s := &Service{base: b, organizations: organizations{b}, accounts: accounts{b}, credentials: credentials{b}, catalogue: catalogue{b}}
	s.search = search{b, &s.accounts, &s.credentials, &s.catalogue}
	return s, nil
}

// NewStamp returns the stamp of an object created at the time now.
func NewStamp(now time.Time) Stamp {
	now = Moment(now)
	return Stamp{CreatedAt: now, UpdatedAt: now, Revision: 1}
}

func (s *Stamp) base() *Stamp { return s }

type stamped[T any] interface {
	*T
	base() *Stamp
}

// AnyRevision as the revision of a change accepts any current revision.
const AnyRevision int64 = 0

// maxRetries bounds how often a change is retried after another writer won.
const maxRetries = 20

// Revise reads the object with the id, applies edit and replaces it. With a revision
// other than AnyRevision it fails with errs.Stale if the object is at another one.
// Otherwise it retries a change that lost to another writer on what that writer
// left. An edit that changes nothing writes nothing. Each try takes its own time from
// now: other nodes look for changes by UpdatedAt, and only a short way back.
func Revise[T, F any, P stamped[T]](ctx context.Context, c Collection[T, F], id string, revision int64, now func() time.Time,
	edit func(*T) error,
) (before, after T, err error) {
	for range maxRetries {
		before, err = c.Get(ctx, id)
		if err != nil {
			return before, after, err
		}
		after = before
		stamp := P(&after).base()
		if err = stamp.At(revision); err != nil {
			return before, after, err
		}
		if err = edit(&after); err != nil {
			return before, after, err
		}
		if reflect.DeepEqual(before, after) {
			return before, after, nil
		}
		stamp.Advance(now())
		err = c.Replace(ctx, after)
		if err == nil || revision != AnyRevision || !errors.Is(err, errs.Stale) {
			return before, after, err
		}
	}
	return before, after, errContended
}

var errContended = errs.New(errs.Conflict, "too_many_writers")

// At returns errs.Stale unless the object is at the given revision.
func (s *Stamp) At(revision int64) error {
	if revision == AnyRevision || s.Revision == revision {
		return nil
	}
	return errs.New(errs.Stale, "stale")
}

// Remove reads the object with the id, lets check refuse its removal and deletes it.
// It treats revisions as Revise does. It returns the object's last state.
func Remove[T, F any, P stamped[T]](ctx context.Context, c Collection[T, F], id string, revision int64, check func(*T) error) (removed T,
	err error,
) {
	for range maxRetries {
		if removed, err = c.Get(ctx, id); err != nil {
			return removed, err
		}
		stamp := P(&removed).base()
		if err = stamp.At(revision); err != nil {
			return removed, err
		}
		if err = check(&removed); err != nil {
			return removed, err
		}
		err = c.Delete(ctx, id, stamp.Revision)
		if err == nil || revision != AnyRevision || !errors.Is(err, errs.Stale) {
			return removed, err
		}
	}
	return removed, errContended
}

// Advance makes the stamp that of the next revision, written at the time now.
func (s *Stamp) Advance(now time.Time) {
	s.Revision++
	if at := Moment(now); at.After(s.UpdatedAt) {
		s.UpdatedAt = at
	}
}

// Missing gives a store's errs.NotFound a text that names the missing object.
func Missing(err error, text string) error {
	if errors.Is(err, errs.NotFound) {
		return notFound(text)
	}
	return fmt.Errorf("read (%s): %w", text, err)
}
