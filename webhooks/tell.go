package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// mostPeople bounds who is mailed about one endpoint.
const mostPeople = 50

// tell mails the owners of the endpoint's organization, or the staff for the provider's.
func (s *Service) tell(ctx context.Context, e *Endpoint, what string) error {
	about := auth.AboutWebhook{ID: e.ID, OrganizationID: e.OrganizationID, What: what}
	if u, err := url.Parse(e.URL); err == nil {
		about.Host = u.Host
	}
	people, err := s.people(ctx, e)
	if err != nil {
		return err
	}
	if e.OrganizationID != "" {
		o, err := s.Store.Organizations().Get(ctx, e.OrganizationID)
		if err != nil && !errors.Is(err, errs.NotFound) {
			return fmt.Errorf("read the organization of a webhook: %w", err)
		}
		about.Organization = o.Name
	}
	for i := range people {
		u := &people[i]
		if u.Disabled || u.ConfirmedAt.IsZero() || u.Email == "" {
			continue
		}
		s.Mailer.Post(auth.Mail{Kind: auth.MailWebhook, To: u.Email, Name: u.Name, Language: u.Language, Webhook: about})
	}
	return nil
}

func (s *Service) people(ctx context.Context, e *Endpoint) (all []auth.User, err error) {
	if e.OrganizationID == "" {
		yes := true
		all, err = s.Store.Users().List(ctx, auth.UserFilter{IsAdmin: &yes}, keys.Page{Limit: mostPeople})
		if err != nil {
			return nil, fmt.Errorf("list the staff to tell of a webhook: %w", err)
		}
		return all, nil
	}
	owners, err := s.Store.Memberships().List(ctx, auth.MembershipFilter{OrganizationID: e.OrganizationID, Role: auth.Owner},
		keys.Page{Limit: mostPeople})
	if err != nil {
		return nil, fmt.Errorf("list who is told of a webhook: %w", err)
	}
	for i := range owners {
		u, err := s.Store.Users().Get(ctx, owners[i].UserID)
		if errors.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read who is told of a webhook: %w", err)
		}
		all = append(all, u)
	}
	return all, nil
}
