package webhooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Turns lets one of several nodes do the work.
type Turns interface {
	// Lead takes or renews the lease of the work, and reports whether this node has it.
	Lead(ctx context.Context, work string, life time.Duration) (bool, error)
	// Release ends the lease.
	Release(ctx context.Context, work string) error
}

// Config is what a Service needs. Target, Timing, Note and Now may be zero.
type Config struct {
	Store   Store
	Audit   *audit.Log
	Sealer  *seal.Sealer
	Mailer  auth.Mailer
	Turns   Turns
	Logger  *slog.Logger
	Version string // of the service, for the user agent
	Target  outbound.Config
	Timing  Timing
	Note    func(error)      // is told how each round of the work ended
	Now     func() time.Time // time.Now if nil
}

// Service manages endpoints and delivers to them. It is safe for concurrent use.
type Service struct {
	Config
	client *outbound.Client
}

// New returns a Service. Run delivers.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Audit == nil || c.Sealer == nil || c.Mailer == nil || c.Turns == nil || c.Logger == nil {
		return nil, errors.New("webhooks: Store, Audit, Sealer, Mailer, Turns and Logger are required")
	}
	if c.Target.Guard == nil {
		c.Target.Guard = outbound.NewGuard(nil)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Note == nil {
		c.Note = func(error) {}
	}
	c.Timing = c.Timing.complete()
	return &Service{Config: c, client: outbound.NewClient(c.Target)}, nil
}

// PlainAllowed reports whether targets may be reached without TLS.
func (s *Service) PlainAllowed() bool { return s.Target.Guard.Plain() }

// may permits the actor to do the action with webhooks of the organization, "" for the
// provider. If they may not even see them, the webhook does not exist for them.
func may(a keys.Actor, action keys.Action, organizationID string) error {
	if organizationID == "" {
		if a.IsAdmin() {
			return nil
		}
		return errs.New(errs.NotFound, "no_webhook")
	}
	if a.May(action, organizationID) {
		return nil
	}
	if !a.May(keys.ReadWebhooks, organizationID) {
		return errs.New(errs.NotFound, "no_webhook")
	}
	return &errs.Error{Kind: errs.Forbidden, Text: errs.Say("action_needed", "action", string(action)), Scope: string(action)}
}

// List lists endpoints that the actor may see, newest first: of one organization, of the
// provider with asked Provider, or of all with "".
func (s *Service) List(ctx context.Context, a keys.Actor, asked string, p keys.Page) ([]Endpoint, error) {
	where := a.Organizations(keys.ReadWebhooks)
	switch {
	case asked == Provider && a.IsAdmin():
		where = []string{""}
	case asked == Provider:
		where = []string{}
	case asked != "" && a.May(keys.ReadWebhooks, asked):
		where = []string{asked}
	case asked != "":
		where = []string{}
	}
	return s.Store.WebhookEndpoints().List(ctx, Filter{OrganizationIDs: where}, p)
}

// Provider stands for the provider where an organization is asked for.
const Provider = "provider"

// Get returns an endpoint.
func (s *Service) Get(ctx context.Context, a keys.Actor, id string) (Endpoint, error) {
	return s.endpoint(ctx, a, keys.ReadWebhooks, id)
}

func (s *Service) endpoint(ctx context.Context, a keys.Actor, action keys.Action, id string) (Endpoint, error) {
	if !ids.Valid(ids.Webhook, id) {
		return Endpoint{}, errs.New(errs.NotFound, "no_webhook")
	}
	e, err := s.Store.WebhookEndpoints().Get(ctx, id)
	if err != nil {
		return Endpoint{}, missing(err)
	}
	return e, may(a, action, e.OrganizationID)
}

func missing(err error) error {
	if errors.Is(err, errs.NotFound) {
		return errs.New(errs.NotFound, "no_webhook")
	}
	return err
}

// Create makes an endpoint of the organization, or of the provider with "", with the id or,
// with "", a new one. The secret is shown only here.
func (s *Service) Create(ctx context.Context, a keys.Actor, id, organizationID string, fields EndpointFields) (Endpoint, string, error) {
	if err := s.mayCreate(ctx, a, organizationID); err != nil {
		return Endpoint{}, "", err
	}
	now := s.Now()
	e := Endpoint{
		Stamp: keys.NewStamp(now), ID: cmp.Or(id, ids.New(ids.Webhook)), OrganizationID: organizationID,
		EndpointFields: fields, Since: keys.Moment(now),
	}
	if e.State == "" {
		e.State = Enabled
	}
	if e.State == Disabled {
		e.Reason = ByHand
	}
	if err := e.check(s.Target.Guard, ""); err != nil {
		return Endpoint{}, "", err
	}
	shown, secret, err := newSecret(s.Sealer, now)
	if err != nil {
		return Endpoint{}, "", err
	}
	e.Secrets = []Secret{secret}
	if err := s.Store.WebhookEndpoints().Insert(ctx, e); err != nil {
		return Endpoint{}, "", fmt.Errorf("create a webhook: %w", err)
	}
	return e, shown, s.record(ctx, a.Subject(), "webhook.create", &e, nil, e.snapshot())
}

// mayHear refuses actors who may not read the audit log, which is what an endpoint hears.
func mayHear(a keys.Actor, organizationID string) error {
	if organizationID == "" || a.May(keys.ReadAudit, organizationID) {
		return nil
	}
	return &errs.Error{Kind: errs.Forbidden, Text: errs.Say("action_needed", "action", string(keys.ReadAudit)), Scope: string(keys.ReadAudit)}
}

func (s *Service) mayCreate(ctx context.Context, a keys.Actor, organizationID string) error {
	if organizationID == "" {
		if err := keys.StaffOnly(a); err != nil {
			return err
		}
	} else if err := may(a, keys.WriteWebhooks, organizationID); err != nil {
		if errors.Is(err, errs.NotFound) {
			return errs.BadField("organization_id", "no_organization")
		}
		return err
	}
	if err := mayHear(a, organizationID); err != nil {
		return err
	}
	if organizationID != "" {
		if _, err := s.Store.Organizations().Get(ctx, organizationID); errors.Is(err, errs.NotFound) {
			return errs.BadField("organization_id", "no_organization")
		} else if err != nil {
			return fmt.Errorf("read the organization of a webhook: %w", err)
		}
	}
	there, err := s.Store.WebhookEndpoints().List(ctx, Filter{OrganizationIDs: []string{organizationID}}, keys.Page{Limit: MaxEndpoints})
	if err != nil {
		return fmt.Errorf("count webhooks: %w", err)
	}
	if len(there) == MaxEndpoints {
		return errs.New(errs.Conflict, "webhook_too_many", "most", MaxEndpoints)
	}
	return nil
}

// Change changes the fields of an endpoint. One that is enabled again hears of what
// happens from then on.
func (s *Service) Change(ctx context.Context, a keys.Actor, id string, revision int64, edit func(EndpointFields) (EndpointFields, error)) (
	Endpoint, error,
) {
	e, err := s.endpoint(ctx, a, keys.WriteWebhooks, id)
	if err == nil {
		err = mayHear(a, e.OrganizationID)
	}
	if err != nil {
		return Endpoint{}, err
	}
	before, after, err := keys.Revise(ctx, s.Store.WebhookEndpoints(), id, revision, s.Now, func(e *Endpoint) (err error) {
		was, address := e.State, e.URL
		if e.EndpointFields, err = edit(e.EndpointFields); err != nil {
			return err
		}
		if e.State != was {
			e.Reason = ""
			if e.State == Disabled {
				e.Reason = ByHand
			} else {
				e.Since = keys.Moment(s.Now())
			}
		}
		return e.check(s.Target.Guard, address)
	})
	if err != nil {
		return after, missing(err)
	}
	if before.State == Disabled && after.State == Enabled {
		if err := s.healthy(ctx, id); err != nil {
			return after, err
		}
	}
	return after, s.record(ctx, a.Subject(), "webhook.update", &after, before.snapshot(), after.snapshot())
}

// Delete deletes an endpoint. Its log goes some time later.
func (s *Service) Delete(ctx context.Context, a keys.Actor, id string, revision int64) error {
	if _, err := s.endpoint(ctx, a, keys.WriteWebhooks, id); err != nil {
		return err
	}
	e, err := keys.Remove(ctx, s.Store.WebhookEndpoints(), id, revision, func(*Endpoint) error { return nil })
	if err != nil {
		return missing(err)
	}
	return s.record(ctx, a.Subject(), "webhook.delete", &e, e.snapshot(), nil)
}

// RotateSecret gives the endpoint a new secret, which is shown only here. The one until now
// stays valid for the overlap, and what is sent is signed with both.
func (s *Service) RotateSecret(ctx context.Context, a keys.Actor, id string, overlap time.Duration) (Endpoint, string, error) {
	if _, err := s.endpoint(ctx, a, keys.WriteWebhooks, id); err != nil {
		return Endpoint{}, "", err
	}
	if overlap < 0 || overlap > MaxOverlap {
		return Endpoint{}, "", errs.BadField("overlap", "webhook_overlap", "most", MaxOverlap)
	}
	now := keys.Moment(s.Now())
	shown, secret, err := newSecret(s.Sealer, now)
	if err != nil {
		return Endpoint{}, "", err
	}
	before, e, err := keys.Revise(ctx, s.Store.WebhookEndpoints(), id, keys.AnyRevision, s.Now, func(e *Endpoint) error {
		last := e.Secrets[0]
		last.EndsAt = now.Add(overlap)
		e.Secrets = []Secret{secret, last}
		if overlap == 0 {
			e.Secrets = e.Secrets[:1]
		}
		return nil
	})
	if err != nil {
		return e, "", missing(err)
	}
	return e, shown, s.record(ctx, a.Subject(), "webhook.rotate_secret", &e, before.snapshot(), e.snapshot())
}

func (s *Service) record(ctx context.Context, by audit.Subject, action string, e *Endpoint, before, after any) error {
	return s.Audit.Record(ctx, audit.Change{Subject: by, Action: action, Object: e.Object(), Before: before, After: after})
}
