package imports

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/keys"
)

// run is one import at work.
type run struct {
	record
	follow Follow
	plan   *plan
	places *places
	rows   converter
	noted  map[string]int // index in n.Noted
	batch  batch
	pages  pages
	beside bool      // nodes that serve
	looked time.Time // for them
}

// run reads the rows twice and stores them. The record says what happened, also if it
// returns an error; what is stored before an error stays.
func (s *Service) run(ctx context.Context, n Import, read rows, f Follow) (Import, error) {
	r := s.newRun(n, f)
	err := r.work(ctx, read.ahead(r.alive))
	r.n.Renamed = r.rows.scopes.renamed
	switch {
	case err == nil:
		r.n.State = Done
	case r.n.Rows > 0 && (errors.Is(err, context.Canceled) || errors.Is(err, errs.Stale)):
		return r.n, err // another node goes on, or does already
	default:
		r.n.State = Failed
		_, r.n.Fault = faultOf(err)
	}
	r.n.FinishedAt = keys.Moment(s.Keys.Now())
	return r.n, errors.Join(err, r.finish(context.WithoutCancel(ctx)))
}

func (s *Service) newRun(n Import, f Follow) *run {
	if f.Problem == nil {
		f.Problem = func(Problem) error { return nil }
	}
	if f.Progress == nil {
		f.Progress = func(*Import) {}
	}
	r := &run{record: record{Service: s, n: n}, follow: f, noted: map[string]int{}}
	r.places = newPlaces(s.Store, n.CreatedAt.Add(-time.Minute)) // longer ago than other nodes look for changes
	r.plan = newPlan(&r.n.Options, n.Files, r.places)
	r.rows = converter{options: &r.n.Options, started: n.CreatedAt, scopes: newScopeNames(&r.n.Options), id: n.ID}
	r.pages = pages{store: s.Store, of: n.ID, at: n.CreatedAt, next: n.Finding}
	return r
}

// faultOf returns what the record says of an error, and the field at fault: nothing of
// the inside.
func faultOf(err error) (field string, fault errs.Text) {
	e, ok := errors.AsType[*errs.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "", errs.Say("import_interrupted")
	case !ok || errors.Is(err, errs.Unavailable):
		return "", errs.Say("import_failed")
	case len(e.Fields) > 0:
		return e.Fields[0].Name, e.Fields[0].Text
	default:
		return "", e.Text
	}
}

func (r *run) work(ctx context.Context, read rows) error {
	if err := r.n.Options.check(); err != nil {
		return err
	}
	dry := r.n.Options.DryRun
	if err := r.places.tiers(ctx, &r.n.Options, dry); err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return err
	}
	r.batch.begin(atRest)
	if err := r.look(ctx); err != nil {
		return err
	}
	if err := r.survey(ctx, read); err != nil {
		return err
	}
	if err := r.prepare(ctx, dry); err != nil {
		return err
	}
	if err := read(ctx, r.take, r.refuse); err != nil {
		return err
	}
	return r.flush(ctx)
}

// lookAgain is how long nodes that served are taken to do so.
const lookAgain = 5 * time.Second

// look finds out whether nodes serve from the store, and sets the pace.
func (r *run) look(ctx context.Context) error {
	if r.beside && time.Since(r.looked) < lookAgain {
		return nil
	}
	beside, err := r.Service.beside(ctx)
	if err != nil {
		return err
	}
	r.looked = time.Now()
	switch {
	case beside && !r.beside:
		r.batch.begin(besideNodes)
	case r.beside && !beside:
		r.batch.begin(atRest)
	}
	r.beside = beside
	return nil
}

// survey reads the rows for the first time.
func (r *run) survey(ctx context.Context, read rows) error {
	err := read(ctx, func(row source.Row, p *proof) error {
		r.plan.rows++
		k, err := r.rows.key(&row, p)
		if err != nil {
			return nil //nolint:nilerr // reported when it is read again
		}
		account, err := r.plan.account(ctx, &row, &k.Key)
		if err != nil {
			return err
		}
		r.plan.note(account.ID, &k)
		return r.alive(ctx)
	}, func(Problem) error {
		r.plan.rows++
		return r.alive(ctx)
	})
	r.n.Total = r.plan.rows + r.n.Count.Refused // of an upload
	return err
}

// prepare makes what accounts and keys need.
func (r *run) prepare(ctx context.Context, dry bool) (err error) {
	if r.n.Count.Scopes, err = r.places.scopes(ctx, r.plan.scopes(), dry); err != nil {
		return err
	}
	if dry {
		r.n.Count.Organizations = len(r.places.fresh)
		return nil
	}
	if r.n.Count.Organizations, err = r.places.make(ctx); err != nil {
		return err
	}
	return r.learn(ctx, r.plan.shapes)
}

// take adds a row to the batch.
func (r *run) take(row source.Row, p *proof) error {
	ctx := r.batch.ctx
	k, err := r.rows.key(&row, p)
	if err != nil {
		return r.refuse(problemOf(&row, err))
	}
	account, err := r.plan.account(ctx, &row, &k.Key)
	if err != nil {
		return err
	}
	if err := account.CheckImported(); err != nil {
		return r.refuse(problemOf(&row, err))
	}
	k.OrganizationID, k.ServiceAccountID, k.CreatedBy = account.OrganizationID, account.ID, r.n.By.ID
	account.CreatedBy = k.CreatedBy
	r.note(&row)
	r.batch.add(&item{account, k, row.Place, row.ID})
	if !r.batch.full() {
		return r.alive(ctx)
	}
	return r.flush(ctx)
}

func problemOf(row *source.Row, err error) Problem {
	p := Problem{Place: row.Place, ID: row.ID}
	p.Field, p.Fault = faultOf(err)
	return p
}

func (r *run) refuse(p Problem) error {
	r.n.Count.Refused++
	if r.stored() {
		if err := r.pages.add(r.batch.ctx, p); err != nil {
			return err
		}
		r.n.Pages = r.pages.next
	}
	return r.follow.Problem(p)
}

// note counts what of the row is lost.
func (r *run) note(row *source.Row) {
	for _, t := range row.Notes {
		if at, ok := r.noted[t.Code]; ok {
			r.n.Noted[at].Rows++
			continue
		}
		r.noted[t.Code] = len(r.n.Noted)
		r.n.Noted = append(r.n.Noted, Noted{Note: t, Place: row.Place.String(), Rows: 1})
	}
}

// stored reports whether the import has a record. A dry run from the command line has none.
func (r *run) stored() bool { return !r.n.Options.DryRun || r.n.Rows > 0 }

// begin stores the record, unless an upload did.
func (r *run) begin(ctx context.Context) error {
	r.batch.ctx = ctx
	if !r.stored() || r.n.Rows > 0 {
		return nil
	}
	return r.insert(ctx)
}

// progress tells who follows, and stores the record now and then.
func (r *run) progress(ctx context.Context) error {
	r.follow.Progress(&r.n)
	return r.alive(ctx)
}

// alive is alive of the record, if there is one.
func (r *run) alive(ctx context.Context) error {
	if !r.stored() {
		return nil
	}
	return r.record.alive(ctx)
}

// finish stores the record and the one audit event.
func (r *run) finish(ctx context.Context) error {
	r.follow.Progress(&r.n)
	if !r.stored() || r.saved.IsZero() && r.n.Rows == 0 {
		return nil
	}
	if err := r.pages.flush(ctx); err != nil {
		return err
	}
	r.n.Pages = r.pages.next
	if err := r.save(ctx); err != nil {
		return err
	}
	if r.n.Options.DryRun {
		return nil
	}
	return r.tell(ctx, &r.n)
}

// tell leaves the one audit event of an import that has ended.
func (s *Service) tell(ctx context.Context, n *Import) error {
	return s.Keys.Tell(ctx, audit.Change{Subject: n.By, Action: "import.run", Object: n.Object(), After: n.summary()})
}

// summary returns what the audit log keeps of the import.
func (n *Import) summary() any {
	return struct {
		Revision int64     `json:"revision"`
		State    State     `json:"state"`
		Format   string    `json:"format"`
		Files    []string  `json:"files"`
		Count    Count     `json:"count"`
		Fault    errs.Text `json:"fault,omitzero"`
	}{n.Revision, n.State, n.Options.Format, n.Files, n.Count, n.Fault}
}
