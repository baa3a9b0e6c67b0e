package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
)

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
		if u.Reachable() {
			s.Mailer.Post(auth.Mail{Kind: auth.MailWebhook, To: u.Email, Name: u.Name, Language: u.Language, Webhook: about})
		}
	}
	return nil
}

func (s *Service) people(ctx context.Context, e *Endpoint) (all []auth.User, err error) {
	if e.OrganizationID == "" {
		return auth.StaffToTell(ctx, s.Store.Users())
	}
	owners, err := auth.OwnersToTell(ctx, s.Store.Memberships(), e.OrganizationID)
	if err != nil {
		return nil, err
	}
	for _, id := range owners {
		u, err := s.Store.Users().Get(ctx, id)
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
