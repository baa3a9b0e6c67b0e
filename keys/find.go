package keys

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"
)

// Bounds of one search, so that it takes no longer in a large organization than in
// a small one.
const (
	// MostLooked is how many keys a search reads if no index covers the query.
	MostLooked = 4000
	// mostByUse is MostLooked for the order of last use, where reading is slowest.
	mostByUse = 1000
	// mostWithText is the most matches for which the index of texts is used. A text
	// that occurs in more keys is found quickly without it.
	mostWithText = 1000
	// mostGranted bounds the service accounts read to find a scope.
	mostGranted = 2000
	// shortest is the length, in letters, of the shortest text that the index holds.
	shortest = 3
)

// KeyQuery selects keys as people ask for them; zero fields do not restrict.
type KeyQuery struct {
	OrganizationID   string
	ServiceAccountID string
	Environment      Environment
	Status           Status
	ExpiringBefore   time.Time // keys that have not ended and end before it
	Text             string
	Unused           time.Time // keys created before it and not used since
	Rotated          *bool     // whether the key has a successor
	Scope            string    // a scope that the key may use, its own or its account's, by name or by wildcard
	Order            KeyOrder
}

// Keys lists the keys that the actor may see.
func (s *search) Keys(ctx context.Context, a Actor, q KeyQuery, p Page) ([]Key, error) {
	f, _, err := s.keyFilter(ctx, a, q)
	if err != nil {
		return nil, err
	}
	return s.listKeys(ctx, f, p)
}

// keyFilter translates the query; whole is false if matches may be left out.
func (s *search) keyFilter(ctx context.Context, a Actor, q KeyQuery) (f KeyFilter, whole bool, err error) {
	f = KeyFilter{
		OrganizationIDs:  visible(a, ReadKeys, q.OrganizationID),
		ServiceAccountID: q.ServiceAccountID, Environment: q.Environment, Text: Fold(q.Text),
		UnusedSince: Moment(q.Unused), Rotated: q.Rotated, Order: q.Order,
	}
	if f.ExceptAccounts, err = s.Elsewhere(ctx, a, ReadKeys); err != nil {
		return f, false, err
	}
	now := Moment(s.now())
	f.restrictTo(q.Status, now)
	if !f.UnusedSince.IsZero() && q.Status != StatusNotYetValid {
		f.StartsBy = f.UnusedSince // nobody could use it before it began
	}
	if !q.ExpiringBefore.IsZero() {
		no := false
		f.EndsBy, f.EndsAfter, f.Revoked = Moment(q.ExpiringBefore), now, &no
	}
	if utf8.RuneCountInString(f.Text) >= shortest {
		ids, ok, err := s.store.Keys().WithText(ctx, f.Text, mostWithText)
		if err != nil {
			return f, false, err
		}
		if ok {
			f.IDs = append([]string{}, ids...)
		}
	}
	if q.Scope == "" {
		return f, true, nil
	}
	whole, err = s.restrictToScope(ctx, &f, q.Scope)
	return f, whole, err
}

// restrictToScope keeps keys that may use the scope. It mirrors effectiveScopes: the
// account must still have the scope.
func (s *search) restrictToScope(ctx context.Context, f *KeyFilter, scope string) (whole bool, err error) {
	f.Grants, f.ServiceAccountIDs = grantsOf(scope), []string{}
	if f.ServiceAccountID != "" {
		account, err := s.store.ServiceAccounts().Get(ctx, f.ServiceAccountID)
		if err == nil && CoveredBy(account.Scopes, scope) {
			f.ServiceAccountIDs = []string{account.ID}
		}
		return true, Missing(err, noAccount)
	}
	accounts, err := s.store.ServiceAccounts().List(ctx, AccountFilter{OrganizationIDs: f.OrganizationIDs}, Page{Limit: mostGranted})
	if err != nil {
		return false, err
	}
	for i := range accounts {
		if CoveredBy(accounts[i].Scopes, scope) {
			f.ServiceAccountIDs = append(f.ServiceAccountIDs, accounts[i].ID)
		}
	}
	return len(accounts) < mostGranted, nil
}

// restrictTo expresses the status as conditions. It mirrors Key.Status.
func (f *KeyFilter) restrictTo(status Status, now time.Time) {
	if status == "" {
		return
	}
	revoked := status == StatusRevoked
	f.Revoked = &revoked
	switch status {
	case StatusExpired:
		f.EndsBy = now
	case StatusNotYetValid:
		f.EndsAfter, f.StartsAfter = now, now
	case StatusDisabled, StatusActive:
		disabled := status == StatusDisabled
		f.EndsAfter, f.StartsBy, f.Disabled = now, now, &disabled
	}
}

// Found is one page of a search.
type Found struct {
	Keys []Key
	Next string // the Page.After that continues the search, "" if there is no more
	// Short is set if the search ended before the page was full because it had
	// looked at as many keys as it may. There may be more behind Next. Without Next it
	// means that keys of some service accounts were not looked at.
	Short  bool
	Looked int
	// OldestOnly is set if the order by last use holds no more than the MostLooked
	// oldest keys, because the store has no index of that order.
	OldestOnly bool
}

// FindKeys is Keys for people, who wait for the answer. It looks at no more than
// MostLooked keys and reports where it ended.
func (s *search) FindKeys(ctx context.Context, a Actor, q KeyQuery, p Page) (Found, error) {
	f, whole, err := s.keyFilter(ctx, a, q)
	if err != nil {
		return Found{}, err
	}
	if err := s.bound(ctx, &f, p.After); err != nil {
		return Found{}, err
	}
	found, err := s.listKeys(ctx, f, Page{After: p.After, Limit: p.Limit + 1})
	if err != nil {
		return Found{}, err
	}
	out := Found{Keys: found, Next: f.Through, Short: f.Through != "" || !whole, Looked: f.Order.mostLooked()}
	if len(found) > p.Limit {
		found = found[:p.Limit]
		out = Found{Keys: found, Next: f.Order.Cursor(&found[p.Limit-1])}
	}
	if f.Order == UsedLast {
		all, err := s.store.Keys().WholeByUse(ctx, f)
		if err != nil {
			return Found{}, fmt.Errorf("look how many keys are in order: %w", err)
		}
		out.OldestOnly = !all
	}
	return out, nil
}

// indexed returns the part of the filter that a store's index covers.
func (f *KeyFilter) indexed() KeyFilter {
	among := KeyFilter{ServiceAccountID: f.ServiceAccountID, OrganizationIDs: f.OrganizationIDs, Order: f.Order}
	switch {
	case f.Order != Newest || f.ServiceAccountID != "":
	case f.Revoked != nil && *f.Revoked:
		among.Revoked = f.Revoked
	case f.Disabled != nil && *f.Disabled:
		among.Disabled = f.Disabled
	case !f.StartsAfter.IsZero():
		among.StartsAfter = f.StartsAfter
	}
	return among
}

func (o KeyOrder) mostLooked() int {
	if o == UsedLast {
		return mostByUse
	}
	return MostLooked
}

// bound makes the filter end MostLooked keys behind the cursor, unless an index
// covers the query.
func (s *search) bound(ctx context.Context, f *KeyFilter, after string) error {
	if f.IDs != nil {
		return nil
	}
	among := f.indexed()
	if at, _ := ParseCursor(after); f.Order == EndFirst && !f.EndsAfter.IsZero() && at < f.EndsAfter.UnixMilli() {
		after = CursorAt(f.Order, f.EndsAfter.UnixMilli(), "~") // where the list begins
	}
	if len(f.OrganizationIDs) < 2 {
		var err error
		f.Through, err = s.store.Keys().Ahead(ctx, among, after, f.Order.mostLooked())
		return err
	}
	each := max(f.Order.mostLooked()/len(f.OrganizationIDs), 1)
	for _, id := range f.OrganizationIDs {
		among.OrganizationIDs = []string{id}
		end, err := s.store.Keys().Ahead(ctx, among, after, each)
		if err != nil {
			return err
		}
		f.Through = f.Order.nearer(f.Through, end)
	}
	return nil
}
