// Package reminders notifies people by mail that keys expire soon: 30, 7 and 1 days before,
// at most one mail a day with all the keys that a person manages. It decides who is
// notified of what and when; the mailer writes and sends.
package reminders

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

const (
	day = 24 * time.Hour
	// hour is when a day's mails are due, in UTC.
	hour = 6 * time.Hour
	// catchUp is how far back a user is notified of what they missed, for example
	// while the service was down.
	catchUp = 7 * day
	// mostKeys bounds the keys of one mail; the mail says when there are more.
	mostKeys = 50
	// Batch is how many users one step looks at.
	Batch = 50
)

// Days are how many days before a key expires people are notified.
func Days() []int { return []int{30, 7, 1} }

// Reminder is what is stored for a user. Most users have none.
type Reminder struct {
	keys.Stamp
	UserID  string
	Through time.Time // everything due until then has been sent
	Off     bool      // the user wants no reminders
}

// Store is what the package needs from a database.
type Store interface {
	Reminders() keys.Collection[Reminder, keys.NoFilter]
	Users() auth.UserCollection
	Memberships() keys.Collection[auth.Membership, auth.MembershipFilter]
	Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter]
	ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter]
	Keys() keys.KeyCollection
}

// Config is what a Service needs. All fields but Busy and Now are required.
type Config struct {
	Store  Store
	Sealer *seal.Sealer
	Mailer auth.Mailer
	Logger *slog.Logger
	Busy   func() bool      // whether the mailer is busy; never if nil
	Now    func() time.Time // time.Now if nil
}

// Service sends reminders. Step must not be called concurrently; everything else is safe
// for concurrent use.
type Service struct {
	Config
	day   time.Time // the day that the steps work on
	after string    // the last user looked at
	over  bool      // all users have been looked at
}

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Sealer == nil || c.Mailer == nil || c.Logger == nil {
		return nil, errors.New("reminders: Store, Sealer, Mailer and Logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c}, nil
}

// dueBy returns the end of what is due at the time: mails are sent once a day.
func dueBy(now time.Time) time.Time { return now.UTC().Add(-hour).Truncate(day).Add(hour) }

// Step looks at the next Batch users and notifies them of what is due. It returns how many
// it looked at: fewer than Batch once the day's work is done. After a restart it starts
// over, and notifies nobody twice.
func (s *Service) Step(ctx context.Context) (int, error) {
	today := dueBy(s.Now())
	if !today.Equal(s.day) {
		s.day, s.after, s.over = today, "", false
	}
	if s.over || (s.Busy != nil && s.Busy()) {
		return 0, nil
	}
	users, err := s.Store.Users().List(ctx, auth.UserFilter{}, keys.Page{After: s.after, Limit: Batch})
	if err != nil {
		return 0, fmt.Errorf("list users to remind: %w", err)
	}
	for i := range users {
		err := s.remind(ctx, &users[i], today)
		if errors.Is(err, errs.Unavailable) || ctx.Err() != nil {
			return i, err // continue with this user next time
		}
		if err != nil { // the other users must not wait for this one
			s.Logger.WarnContext(ctx, "a user was not reminded", "user_id", users[i].ID, "err", err)
		}
		s.after = users[i].ID
	}
	s.over = len(users) < Batch
	return len(users), nil
}

// remind notifies the user of keys that are due and were not in an earlier mail.
func (s *Service) remind(ctx context.Context, u *auth.User, today time.Time) error {
	if !u.Reachable() {
		return nil
	}
	known, err := s.reminder(ctx, u.ID)
	if err != nil {
		return err
	}
	if known.Off || !known.Through.Before(today) {
		return nil
	}
	from := today.Add(-catchUp)
	if known.Through.After(from) {
		from = known.Through
	}
	due, more, err := s.due(ctx, u, from, today)
	if err != nil || len(due) == 0 {
		return err
	}
	token, err := s.token(u.ID)
	if err != nil {
		return err
	}
	// Record first, then send: a node that dies in between sends too few mails, not two.
	known.Through = today
	mine, err := s.note(ctx, known)
	if err != nil || !mine {
		return err
	}
	s.Mailer.Post(auth.Mail{
		Kind: auth.MailExpiring, To: u.Email, Name: u.Name, Language: u.Language, Token: token, Expiring: due, More: more,
	})
	return nil
}

// reminder returns what is stored for the user, or a new one with revision 0.
func (s *Service) reminder(ctx context.Context, userID string) (Reminder, error) {
	r, err := s.Store.Reminders().Get(ctx, userID)
	if errors.Is(err, errs.NotFound) {
		return Reminder{UserID: userID}, nil
	}
	if err != nil {
		return r, fmt.Errorf("read what a user was reminded of: %w", err)
	}
	return r, nil
}

// note stores the reminder; mine is false if another writer was first.
func (s *Service) note(ctx context.Context, r Reminder) (mine bool, err error) {
	if r.Revision == 0 {
		r.Stamp = keys.NewStamp(s.Now())
		err = s.Store.Reminders().Insert(ctx, r)
	} else {
		r.Revision++
		r.UpdatedAt = s.Now().UTC().Truncate(time.Millisecond)
		err = s.Store.Reminders().Replace(ctx, r)
	}
	if errors.Is(err, errs.Conflict) || errors.Is(err, errs.Stale) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("note that a user is reminded: %w", err)
	}
	return true, nil
}

// due returns the user's keys that reached one of Days before their end after from and
// until today, the first to end first.
func (s *Service) due(ctx context.Context, u *auth.User, from, today time.Time) (all []auth.ExpiringKey, more bool, err error) {
	places, err := s.Store.Memberships().List(ctx, auth.MembershipFilter{UserID: u.ID}, keys.Page{Limit: mostPlaces})
	if err != nil {
		return nil, false, fmt.Errorf("read where a user is a member: %w", err)
	}
	for _, m := range places {
		if !m.Role.Allows(keys.WriteKeys) {
			continue
		}
		here, moreHere, err := s.dueIn(ctx, m.OrganizationID, from, today)
		if err != nil {
			return nil, false, err
		}
		all, more = append(all, here...), more || moreHere
	}
	slices.SortFunc(all, func(a, b auth.ExpiringKey) int { return cmp.Or(a.EndsAt.Compare(b.EndsAt), cmp.Compare(a.ID, b.ID)) })
	if len(all) > mostKeys {
		all, more = all[:mostKeys], true
	}
	return all, more, nil
}

const mostPlaces = 200 // organizations per user

func (s *Service) dueIn(ctx context.Context, organizationID string, from, today time.Time) (all []auth.ExpiringKey, more bool, err error) {
	o, err := s.Store.Organizations().Get(ctx, organizationID)
	if errors.Is(err, errs.NotFound) || (err == nil && o.Disabled) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read an organization to remind of: %w", err)
	}
	found := map[string]keys.Key{} // a key may be due twice after a long pause
	for _, days := range Days() {
		// By the next day's mails it would be later than that.
		some, moreOf, err := s.ending(ctx, o.ID, time.Duration(days+1)*day, from, today)
		if err != nil {
			return nil, false, err
		}
		more = more || moreOf
		for i := range some {
			found[some[i].ID] = some[i]
		}
	}
	accounts := map[string]keys.ServiceAccount{}
	for id := range found {
		k := found[id]
		account, err := s.account(ctx, accounts, k.ServiceAccountID)
		if err != nil {
			return nil, false, err
		}
		if !account.Disabled {
			all = append(all, auth.ExpiringKey{
				ID: k.ID, Name: k.Name, Start: k.Start, Last4: k.Last4, Account: account.Name, Organization: o.Name,
				EndsAt: k.EndsAt(),
			})
		}
	}
	return all, more, nil
}

// ending returns the keys that work, have no successor, and are this long from their end.
// It leaves out keys whose whole life is shorter than that.
func (s *Service) ending(ctx context.Context, organizationID string, ahead time.Duration, from, today time.Time) (found []keys.Key,
	more bool, err error,
) {
	no, after := false, from.Add(ahead)
	if now := s.Now(); now.After(after) {
		after = now
	}
	found, err = s.Store.Keys().List(ctx, keys.KeyFilter{
		OrganizationIDs: []string{organizationID}, Revoked: &no, Disabled: &no, Rotated: &no, Order: keys.EndFirst,
		EndsAfter: after, EndsBy: today.Add(ahead),
	}, keys.Page{Limit: mostKeys + 1})
	if err != nil {
		return nil, false, fmt.Errorf("list keys to remind of: %w", err)
	}
	more = len(found) > mostKeys
	return slices.DeleteFunc(found, func(k keys.Key) bool { return !k.CreatedAt.Before(k.EndsAt().Add(-ahead)) }), more, nil
}

// account reads each service account once.
func (s *Service) account(ctx context.Context, known map[string]keys.ServiceAccount, id string) (keys.ServiceAccount, error) {
	if a, ok := known[id]; ok {
		return a, nil
	}
	a, err := s.Store.ServiceAccounts().Get(ctx, id)
	if errors.Is(err, errs.NotFound) {
		a, err = keys.ServiceAccount{AccountFields: keys.AccountFields{Disabled: true}}, nil // deleted in the meantime
	}
	if err != nil {
		return a, fmt.Errorf("read a service account to remind of: %w", err)
	}
	known[id] = a
	return a, nil
}

// Wanted reports whether the user wants reminders.
func (s *Service) Wanted(ctx context.Context, userID string) (bool, error) {
	r, err := s.reminder(ctx, userID)
	return !r.Off, err
}

// SetWanted records whether the user wants reminders. A user who turns them on
// again is notified of what is due from then on.
func (s *Service) SetWanted(ctx context.Context, userID string, wanted bool) error {
	for range 5 {
		r, err := s.reminder(ctx, userID)
		if err != nil || r.Off != wanted {
			return err
		}
		r.Off = !wanted
		if today := dueBy(s.Now()); wanted && r.Through.Before(today) {
			r.Through = today
		}
		if mine, err := s.note(ctx, r); err != nil || mine {
			return err
		}
	}
	return errs.New(errs.Conflict, "changed_at_once")
}

// purpose is the seal's purpose for the secret in a mail.
const purpose = "unsubscribe"

// token returns the secret in a mail that lets its reader turn reminders off without
// signing in. It allows nothing else.
func (s *Service) token(userID string) (string, error) {
	sealed, err := s.Sealer.Seal(purpose, []byte(userID))
	if err != nil {
		return "", fmt.Errorf("seal the way out of mails: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Unsubscribe turns reminders off for the user in the secret. The error is errs.NotFound
// for a secret that the service did not create.
func (s *Service) Unsubscribe(ctx context.Context, token string) error {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		sealed, err = s.Sealer.Open(purpose, sealed)
	}
	if err != nil {
		return errs.New(errs.NotFound, "unsubscribe_link")
	}
	return s.SetWanted(ctx, string(sealed), false)
}
