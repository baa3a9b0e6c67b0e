package leaks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
)

// tellOf sends one mail to each person who looks after a leaked key and to each user whose
// token leaked, and mails the staff about keys that reach beyond their organization. No
// mail contains what the reporter typed.
func (s *Service) tellOf(ctx context.Context, l *Leak) error {
	told, tokens, staff := map[string][]auth.ExposedKey{}, map[string][]auth.ExposedKey{}, []auth.ExposedKey(nil)
	for i := range l.Keys {
		k := &l.Keys[i]
		if k.Outcome == Already {
			continue
		}
		if k.Kind == UserToken {
			tokens[k.UserID] = append(tokens[k.UserID], shownAs(k))
			continue
		}
		shown, people, err := s.about(ctx, k)
		if err != nil {
			return err
		}
		for _, id := range people {
			told[id] = append(told[id], shown)
		}
		if k.Wide {
			staff = append(staff, shown)
		}
	}
	for id, all := range told {
		if err := s.mail(ctx, id, auth.MailLeaked, all); err != nil {
			return err
		}
	}
	for id, all := range tokens {
		if err := s.mail(ctx, id, auth.MailLeakedToken, all); err != nil {
			return err
		}
	}
	return s.mailStaff(ctx, staff)
}

// about returns the key as mails show it, and the ids of those who look after it: the
// owner of its account and the owners of its organization.
func (s *Service) about(ctx context.Context, k *Key) (shown auth.ExposedKey, people []string, err error) {
	shown = shownAs(k)
	stored, err := s.Store.Keys().Get(ctx, k.ID)
	if errors.Is(err, errs.NotFound) {
		return shown, nil, nil
	}
	if err != nil {
		return shown, nil, fmt.Errorf("read a leaked key: %w", err)
	}
	account, err := s.Store.ServiceAccounts().Get(ctx, stored.ServiceAccountID)
	if err != nil {
		return shown, nil, unlessGone(err, "read the account of a leaked key")
	}
	organization, err := s.Store.Organizations().Get(ctx, account.OrganizationID)
	if err != nil {
		return shown, nil, unlessGone(err, "read the organization of a leaked key")
	}
	shown.Account, shown.Organization = account.Name, organization.Name
	people, err = auth.OwnersToTell(ctx, s.Store.Memberships(), organization.ID)
	if err != nil {
		return shown, nil, err
	}
	if account.OwnerID != "" && !slices.Contains(people, account.OwnerID) {
		people = append(people, account.OwnerID)
	}
	return shown, people, nil
}

func shownAs(k *Key) auth.ExposedKey {
	return auth.ExposedKey{ID: k.ID, Name: k.Name, Start: k.Start, Last4: k.Last4, Outcome: string(k.Outcome)}
}

func unlessGone(err error, what string) error {
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (s *Service) mail(ctx context.Context, userID string, kind auth.MailKind, about []auth.ExposedKey) error {
	u, err := s.Store.Users().Get(ctx, userID)
	if err != nil {
		return unlessGone(err, "read who is told of a leaked key")
	}
	s.post(&u, kind, about)
	return nil
}

func (s *Service) post(u *auth.User, kind auth.MailKind, about []auth.ExposedKey) {
	if u.Reachable() {
		s.Mailer.Post(auth.Mail{Kind: kind, To: u.Email, Name: u.Name, Language: u.Language, Exposed: about})
	}
}

func (s *Service) mailStaff(ctx context.Context, about []auth.ExposedKey) error {
	if len(about) == 0 {
		return nil
	}
	staff, err := auth.StaffToTell(ctx, s.Store.Users())
	if err != nil {
		return err
	}
	for i := range staff {
		s.post(&staff[i], auth.MailLeakedStaff, about)
	}
	return nil
}
