package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Uploaded are the formats that can be uploaded: those that are read once.
func Uploaded() []string { return []string{"jsonl", "csv"} }

// stored is an uploaded row with what proves its key, until it is imported.
type stored struct {
	Place      source.Place     `json:"place"`
	ID         string           `json:"id,omitempty"`
	Owner      source.Owner     `json:"owner,omitzero"`
	Name       string           `json:"name,omitempty"`
	Env        string           `json:"environment,omitempty"`
	Scopes     []string         `json:"scopes,omitempty"`
	Tier       string           `json:"tier,omitempty"`
	CreatedAt  time.Time        `json:"created_at,omitzero"`
	ExpiresAt  time.Time        `json:"expires_at,omitzero"`
	ExpiresIn  time.Duration    `json:"expires_in,omitzero"`
	NotBefore  time.Time        `json:"not_before,omitzero"`
	LastUsedAt time.Time        `json:"last_used_at,omitzero"`
	RevokedAt  time.Time        `json:"revoked_at,omitzero"`
	Revoked    bool             `json:"revoked,omitempty"`
	Disabled   bool             `json:"disabled,omitempty"`
	RateLimit  *ratelimit.Rule  `json:"rate_limit,omitempty"`
	Quota      *ratelimit.Quota `json:"quota,omitempty"`
	Networks   []netip.Prefix   `json:"allowed_networks,omitempty"`
	Metadata   json.RawMessage  `json:"metadata,omitempty"`
	Notes      []errs.Text      `json:"notes,omitempty"`
	Proof      proof            `json:"proof"`
}

func storedOf(r *source.Row, p proof) stored {
	return stored{
		r.Place, r.ID, r.Owner, r.Name, r.Environment, r.Scopes, r.Tier, r.CreatedAt, r.ExpiresAt, r.ExpiresIn, r.NotBefore,
		r.LastUsedAt, r.RevokedAt, r.Revoked, r.Disabled, r.RateLimit, r.Quota, r.Networks, r.Metadata, r.Notes, p,
	}
}

func (s *stored) row() source.Row {
	return source.Row{
		Place: s.Place, ID: s.ID, Owner: s.Owner, Name: s.Name, Environment: s.Env, Scopes: s.Scopes, Tier: s.Tier,
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, ExpiresIn: s.ExpiresIn, NotBefore: s.NotBefore,
		LastUsedAt: s.LastUsedAt, RevokedAt: s.RevokedAt, Revoked: s.Revoked, Disabled: s.Disabled,
		RateLimit: s.RateLimit, Quota: s.Quota, Networks: s.Networks, Metadata: s.Metadata, Notes: s.Notes,
	}
}

// Receive stores the rows of an upload, with digests in place of keys, and returns before
// they are imported: this node goes on with that, or another one if this one ends. Only
// staff may. Of an upload that is cut off nothing is imported.
func (s *Service) Receive(ctx context.Context, a keys.Actor, o Options, name string, body io.Reader) (Import, error) {
	if err := keys.StaffOnly(a); err != nil {
		return Import{}, err
	}
	if err := o.check(); err != nil {
		return Import{}, err
	}
	if err := newPlaces(s.Store, s.Keys.Now()).named(ctx, &o); err != nil {
		return Import{}, err
	}
	u := &upload{prover: prover{format: s.Format, acceptWeak: o.AcceptWeak}, record: record{Service: s, n: Import{
		Stamp: keys.NewStamp(s.Keys.Now()), ID: NewID(), State: Receiving, By: a.Subject(), Options: o, Node: s.Node,
	}}}
	if name != "" {
		u.n.Files = []string{named(name)}
	}
	if err := u.insert(ctx); err != nil {
		return Import{}, err
	}
	u.pages = pages{store: s.Store, of: u.n.ID, at: u.n.CreatedAt}
	err := u.read(ctx, name, body)
	u.end(err)
	after := context.WithoutCancel(ctx)
	if saved := u.save(after); err != nil || saved != nil {
		return Import{}, errors.Join(err, saved, s.dropRows(after, &u.n))
	}
	switch {
	case u.n.State == Running:
		s.begin(u.n)
	case !o.DryRun:
		return u.n, s.tell(after, &u.n)
	}
	return u.n, nil
}

// upload is an upload while it is received.
type upload struct {
	record
	prover prover
	rows   []stored
	pages  pages
}

// end says in the record how the upload went. If no row was taken, nothing is left to do.
func (u *upload) end(err error) {
	u.n.State, u.n.Finding, u.n.Pages = Running, u.pages.next, u.pages.next
	switch {
	case err != nil:
		u.n.State, u.n.FinishedAt = Failed, keys.Moment(u.Keys.Now())
		_, u.n.Fault = faultOf(err)
	case u.n.Rows == 0:
		u.n.State, u.n.FinishedAt = Done, keys.Moment(u.Keys.Now())
	}
}

func (u *upload) read(ctx context.Context, name string, body io.Reader) error {
	file := source.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(body), nil }}
	err := u.prover.read(ctx, u.n.Options.Format, []source.File{file}, func(row source.Row, p *proof) error {
		u.n.Total++
		if u.rows = append(u.rows, storedOf(&row, *p)); len(u.rows) < PageSize {
			return u.alive(ctx)
		}
		return u.flush(ctx)
	}, func(p Problem) error { return u.problem(ctx, p) })
	if err != nil {
		return err
	}
	return errors.Join(u.flush(ctx), u.pages.flush(ctx))
}

func (u *upload) problem(ctx context.Context, p Problem) error {
	u.n.Total++
	u.n.Count.Refused++
	return errors.Join(u.pages.add(ctx, p), u.alive(ctx))
}

// flush stores a page of rows.
func (u *upload) flush(ctx context.Context) error {
	if len(u.rows) == 0 {
		return nil
	}
	page := Page{Stamp: keys.NewStamp(u.n.CreatedAt), ID: rowsID(u.n.ID, u.n.Rows), Rows: u.rows}
	if err := u.Store.ImportPages().Insert(ctx, page); err != nil {
		return fmt.Errorf("store uploaded rows: %w", err)
	}
	u.n.Rows, u.rows = u.n.Rows+1, nil
	return u.alive(ctx)
}

func rowsID(of string, number int) string { return fmt.Sprintf("%s.r%06d", of, number) }

// uploaded reads the rows of an upload from the store.
func (s *Service) uploaded(n *Import) rows {
	return func(ctx context.Context, row func(source.Row, *proof) error, _ func(Problem) error) error {
		for i := range n.Rows {
			page, err := s.Store.ImportPages().Get(ctx, rowsID(n.ID, i))
			if err != nil {
				return fmt.Errorf("read uploaded rows: %w", err)
			}
			for j := range page.Rows {
				if err := row(page.Rows[j].row(), &page.Rows[j].Proof); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// dropRows deletes the uploaded rows of an import that has ended, including pages that
// the record of an upload that was cut off does not count yet.
func (s *Service) dropRows(ctx context.Context, n *Import) error {
	for i := 0; ; i++ {
		err := s.Store.ImportPages().Delete(ctx, rowsID(n.ID, i), 1)
		switch missing := errors.Is(err, errs.NotFound); {
		case missing && i >= n.Rows:
			return nil
		case err != nil && !missing:
			return fmt.Errorf("delete uploaded rows: %w", err)
		}
	}
}
