package exports

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Store is what the package needs from a database.
type Store interface {
	keys.Store
	Users() auth.UserCollection
	Memberships() keys.Collection[auth.Membership, auth.MembershipFilter]
	Certificates() auth.CertificateCollection
	KeyShapes() keys.Collection[imports.Shapes, keys.NoFilter]
	LoadKeys(ctx context.Context, all []keys.Key) (taken []string, err error)
}

// Options are what whoever exports decides.
type Options struct {
	Brand  string    // of the keys
	Hashes bool      // with the digests of keys and passwords, without which nobody can be verified
	Now    time.Time // when the export begins
}

// pageSize is how many objects are read at once.
const pageSize = 500

// Write writes everything to w. Objects that change meanwhile are written as they were when
// they were read, and none is written without what it belongs to. It holds a page of
// objects, and a few bytes for each organization, user and account.
func Write(ctx context.Context, s Store, o Options, w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := &writer{ctx: ctx, to: json.NewEncoder(buffered), count: map[Kind]int{}, known: map[ids.Short]bool{}}
	out.to.SetEscapeHTML(false)
	if err := out.put(Head, head{Version, o.Brand, keys.Moment(o.Now), o.Hashes}); err != nil {
		return err
	}
	for _, part := range []func(*writer, Store, Options) error{
		writeCatalogue, writePeople, writeAccounts, writeShapes, writeKeys,
	} {
		if err := part(out, s, o); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	if err := out.put(Tail, tail{out.count}); err != nil {
		return err
	}
	return buffered.Flush()
}

type writer struct {
	ctx   context.Context //nolint:containedctx // of the one call of Write
	to    *json.Encoder
	count map[Kind]int
	known map[ids.Short]bool // what others may refer to
}

func (w *writer) has(id string) bool { return w.known[ids.ShortOf(id)] }

func (w *writer) put(kind Kind, object any) error {
	return w.to.Encode(struct {
		Type   Kind `json:"type"`
		Object any  `json:"object"`
	}{kind, object})
}

// each writes all objects of a collection, by pages. Those that belong to nothing that was
// written are left out.
func each[T, F any](w *writer, kind Kind, c keys.Collection[T, F], f F, id func(*T) string, of func(*T) []string, as func(*T) any) error {
	after := ""
	for {
		page, err := c.List(w.ctx, f, keys.Page{After: after, Limit: pageSize})
		if err != nil {
			return fmt.Errorf("list %s: %w", kind, err)
		}
		for i := range page {
			if !whole(w, of(&page[i])) {
				continue
			}
			if kind != Keys {
				w.known[ids.ShortOf(id(&page[i]))] = true
			}
			if err := w.put(kind, as(&page[i])); err != nil {
				return err
			}
			w.count[kind]++
		}
		if len(page) < pageSize {
			return nil
		}
		after = id(&page[len(page)-1])
	}
}

func whole(w *writer, all []string) bool {
	for _, id := range all {
		if !w.has(id) {
			return false
		}
	}
	return true
}

func nothing[T any](*T) []string { return nil }

func writeCatalogue(w *writer, s Store, _ Options) error {
	err := each(w, Tiers, s.Tiers(), keys.NoFilter{}, func(t *keys.Tier) string { return t.Name }, nothing, tierOf)
	if err != nil {
		return err
	}
	return each(w, Scopes, s.Scopes(), keys.NoFilter{}, func(c *keys.Scope) string { return c.Name }, nothing, scopeOf)
}

func writePeople(w *writer, s Store, o Options) error {
	err := each(w, Organizations, s.Organizations(), keys.OrganizationFilter{}, func(o *keys.Organization) string { return o.ID },
		nothing, organizationOf)
	if err != nil {
		return err
	}
	err = each(w, Users, s.Users(), auth.UserFilter{}, func(u *auth.User) string { return u.ID }, nothing,
		func(u *auth.User) any { return userOf(u, o.Hashes) })
	if err != nil {
		return err
	}
	return each(w, Memberships, s.Memberships(), auth.MembershipFilter{}, (*auth.Membership).ID,
		func(m *auth.Membership) []string { return []string{m.OrganizationID, m.UserID} }, membershipOf)
}

func writeAccounts(w *writer, s Store, _ Options) error {
	err := each(w, Accounts, s.ServiceAccounts(), keys.AccountFilter{}, func(a *keys.ServiceAccount) string { return a.ID },
		func(a *keys.ServiceAccount) []string { return []string{a.OrganizationID, a.Tier} }, accountOf)
	if err != nil {
		return err
	}
	return each(w, Certificates, s.Certificates(), auth.CertificateFilter{}, func(c *auth.Certificate) string { return c.ID },
		func(c *auth.Certificate) []string { return []string{c.ServiceAccountID} }, certificateOf)
}

func writeShapes(w *writer, s Store, _ Options) error {
	found, err := s.KeyShapes().Get(w.ctx, imports.ShapesID)
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the shapes of imported keys: %w", err)
	}
	w.count[Shapes]++
	return w.put(Shapes, shapes{found.Shapes})
}

func writeKeys(w *writer, s Store, o Options) error {
	return each(w, Keys, s.Keys(), keys.KeyFilter{}, func(k *keys.Key) string { return k.ID },
		func(k *keys.Key) []string { return []string{k.ServiceAccountID} }, func(k *keys.Key) any { return keyOf(k, o.Hashes) })
}
