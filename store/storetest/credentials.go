package storetest

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
)

func digest(text string) auth.TokenHash { return sha256.Sum256([]byte(text)) }

// listed checks that the filter finds exactly the objects.
func listed[T, F any](t *testing.T, c keys.Collection[T, F], f F, want ...T) {
	t.Helper()
	got, err := c.List(t.Context(), f, keys.Page{Limit: 10})
	must(t, err)
	if len(got)+len(want) > 0 {
		same(t, got, want)
	}
}

func usernames(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	ada := auth.User{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.User), Email: "ada@example.com", Username: "Ada", Language: "de", ConfirmedAt: at,
		OTP:        auth.OTP{Sealed: []byte{0, 1, 255}, EnabledAt: at, LastStep: 1 << 40, Recovery: []string{"a", "b"}},
		TokenCount: 7,
	}
	must(t, s.Users().Insert(ctx, ada))
	got, err := s.Users().ByUsername(ctx, "ada")
	must(t, err)
	same(t, got, ada)
	_, err = s.Users().ByUsername(ctx, "")
	wantKind(t, err, errs.NotFound)
	for _, email := range []string{"b@example.com", "c@example.com"} { // two without a username do not conflict
		must(t, s.Users().Insert(ctx, auth.User{Stamp: keys.NewStamp(at), ID: ids.New(ids.User), Email: email}))
	}
	twin := auth.User{Stamp: keys.NewStamp(at), ID: ids.New(ids.User), Email: "d@example.com", Username: "ADA"}
	wantKind(t, s.Users().Insert(ctx, twin), errs.Conflict)
}

func tokens(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	lasting := auth.Token{Stamp: keys.NewStamp(at), ID: ids.New(ids.Token), Hash: digest("1"), UserID: "usr_a", Name: "CI", Last4: "abcd"}
	brief := auth.Token{Stamp: keys.NewStamp(at), ID: ids.New(ids.Token), Hash: digest("2"), UserID: "usr_a", ExpiresAt: at}
	must(t, s.Tokens().Insert(ctx, lasting))
	must(t, s.Tokens().Insert(ctx, brief))
	must(t, s.Tokens().TouchToken(ctx, lasting.ID, at.Add(time.Minute)))
	renamed := lasting
	renamed.Revision, renamed.Name = 2, "CI 2"
	must(t, s.Tokens().Replace(ctx, renamed))
	renamed.LastUsedAt = at.Add(time.Minute) // a change keeps the last use
	got, err := s.Tokens().ByHash(ctx, lasting.Hash)
	must(t, err)
	same(t, got, renamed)
	_, err = s.Tokens().ByHash(ctx, digest("3"))
	wantKind(t, err, errs.NotFound)
	same2 := lasting
	same2.ID = ids.New(ids.Token)
	wantKind(t, s.Tokens().Insert(ctx, same2), errs.Conflict)
	listed(t, s.Tokens(), auth.OwnedFilter{UserID: "usr_a"}, brief, renamed)
	listed(t, s.Tokens(), auth.OwnedFilter{UserID: "usr_b"})
	listed(t, s.Tokens(), auth.OwnedFilter{ExpiresBefore: at.Add(time.Second)}, brief)
}

func families(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	f := auth.Family{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.Family), UserID: "usr_a", Current: "j1", ExpiresAt: at.Add(time.Hour),
		Address: "::1", UserAgent: "x",
	}
	must(t, s.Families().Insert(ctx, f))
	next := f
	next.Revision, next.Current, next.Previous, next.RotatedAt = 2, "j2", "j1", at
	must(t, s.Families().Replace(ctx, next))
	wantKind(t, s.Families().Replace(ctx, next), errs.Stale) // of two that spend one token, one wins
	got, err := s.Families().Get(ctx, f.ID)
	must(t, err)
	same(t, got, next)
	listed(t, s.Families(), auth.OwnedFilter{UserID: "usr_a"}, next)
	listed(t, s.Families(), auth.OwnedFilter{ExpiresBefore: at})
}

func identities(t *testing.T, s store.Store) {
	ctx := t.Context()
	i := auth.Identity{Stamp: keys.NewStamp(now()), Provider: "google", Subject: "ä|1", UserID: "usr_a", Email: "a@example.com"}
	must(t, s.Identities().Insert(ctx, i))
	other := i
	other.UserID = "usr_b"
	wantKind(t, s.Identities().Insert(ctx, other), errs.Conflict) // an account belongs to one user
	got, err := s.Identities().Get(ctx, auth.IdentityID("google", "ä|1"))
	must(t, err)
	same(t, got, i)
	_, err = s.Identities().Get(ctx, auth.IdentityID("github", "ä|1"))
	wantKind(t, err, errs.NotFound)
	listed(t, s.Identities(), auth.OwnedFilter{UserID: "usr_a"}, i)
	listed(t, s.Identities(), auth.OwnedFilter{UserID: "usr_b"})
}

func links(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	invitation := auth.Link{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.Link), Hash: digest("1"), Purpose: auth.Invitation, Email: "b@example.com",
		OrganizationID: "org_a", Role: auth.Developer, CreatedBy: "usr_a", ExpiresAt: at.Add(time.Hour),
	}
	reset := auth.Link{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.Link), Hash: digest("2"), Purpose: auth.ResetPassword, Email: "a@example.com",
		UserID: "usr_a", ExpiresAt: at,
	}
	must(t, s.Links().Insert(ctx, invitation))
	must(t, s.Links().Insert(ctx, reset))
	got, err := s.Links().ByHash(ctx, invitation.Hash)
	must(t, err)
	same(t, got, invitation)
	used := invitation
	used.Revision, used.UsedAt = 2, at
	must(t, s.Links().Replace(ctx, used))
	wantKind(t, s.Links().Replace(ctx, used), errs.Stale) // a link is used once
	listed(t, s.Links(), auth.LinkFilter{OrganizationID: "org_a", Purpose: auth.Invitation}, used)
	listed(t, s.Links(), auth.LinkFilter{UserID: "usr_a"}, reset)
	listed(t, s.Links(), auth.LinkFilter{ExpiresBefore: at.Add(time.Second)}, reset)
}

// placedLinks checks that the id of a link is a place for one link at a time. Another
// takes it by a revision, and the earlier one's secret is gone.
func placedLinks(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	first := auth.Link{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.Link), Hash: digest("first"), Purpose: auth.SignedUpAgain,
		Email: "a@example.com", UserID: "usr_p", ExpiresAt: at,
	}
	must(t, s.Links().Insert(ctx, first))
	second, third := first, first
	second.Hash, third.Hash = digest("second"), digest("third")
	wantKind(t, s.Links().Insert(ctx, second), errs.Conflict)
	second.Stamp = keys.NewStamp(at.Add(time.Minute))
	second.Revision, third.Revision = 2, 2
	must(t, s.Links().Replace(ctx, second))
	wantKind(t, s.Links().Replace(ctx, third), errs.Stale)
	for _, gone := range []auth.TokenHash{first.Hash, third.Hash} {
		_, err := s.Links().ByHash(ctx, gone)
		wantKind(t, err, errs.NotFound)
	}
	got, err := s.Links().ByHash(ctx, second.Hash)
	must(t, err)
	same(t, got, second)
	listed(t, s.Links(), auth.LinkFilter{UserID: "usr_p"}, second)
}

func certificates(t *testing.T, s store.Store) {
	ctx := t.Context()
	c := auth.Certificate{
		Stamp: keys.NewStamp(now()), ID: ids.New(ids.Certificate), OrganizationID: "org_a", ServiceAccountID: "sa_a",
		Name: "gateway", Match: "dns:gw.example.com", CreatedBy: "usr_a",
	}
	must(t, s.Certificates().Insert(ctx, c))
	twin := c
	twin.ID, twin.ServiceAccountID = ids.New(ids.Certificate), "sa_b"
	wantKind(t, s.Certificates().Insert(ctx, twin), errs.Conflict)
	got, err := s.Certificates().ByMatch(ctx, c.Match)
	must(t, err)
	same(t, got, c)
	listed(t, s.Certificates(), auth.CertificateFilter{ServiceAccountID: "sa_a"}, c)
	listed(t, s.Certificates(), auth.CertificateFilter{ServiceAccountID: "sa_b"})
}

func signingKeys(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	k := signing.Key{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.SigningKey), Algorithm: signing.ES256, Public: []byte(`{"kty":"EC"}`),
		Sealed: []byte{0, 255}, ActiveAt: at, RetireAt: at.Add(time.Hour),
	}
	must(t, s.SigningKeys().Insert(ctx, k))
	wantKind(t, s.SigningKeys().Insert(ctx, k), errs.Conflict)
	listed(t, s.SigningKeys(), keys.NoFilter{}, k)
	must(t, s.SigningKeys().Delete(ctx, k.ID, 1))
	listed(t, s.SigningKeys(), keys.NoFilter{})
}

func tombstonesOfIDs(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	must(t, s.PutTombstone(ctx, "token_a"))
	must(t, s.PutTombstone(ctx, "token_a"))
	for id, want := range map[string]bool{"token_a": true, "token_b": false} {
		got, err := s.HasTombstone(ctx, id)
		must(t, err)
		if got != want {
			t.Errorf("%s is buried: %v", id, got)
		}
	}
	changes, err := s.ChangedSince(ctx, at.Add(-time.Second), 10)
	must(t, err)
	same(t, changes, []keys.Change{{ID: "token_a", Revision: -1}})
}
