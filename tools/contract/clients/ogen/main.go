// Program ogen drives the client that ogen generates through the main story:
// sign in, make a service account and a key, verify, rotate, revoke, page
// through a list, and read problems.
//
//	ogen URL EMAIL PASSWORD
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/latchkey/latchkey/tools/contract/clients/ogen/api"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "ogen:", err)
		os.Exit(1)
	}
}

// credentials answer the client's question what to send with a request: a
// signed token or a key, whichever there is.
type credentials struct{ bearer, key string }

func (c *credentials) BearerAuth(context.Context, api.OperationName) (api.BearerAuth, error) {
	if c.bearer == "" {
		return api.BearerAuth{}, ogenerrors.ErrSkipClientSecurity
	}
	return api.BearerAuth{Token: c.bearer}, nil
}

func (c *credentials) KeyHeader(context.Context, api.OperationName) (api.KeyHeader, error) {
	if c.key == "" {
		return api.KeyHeader{}, ogenerrors.ErrSkipClientSecurity
	}
	return api.KeyHeader{APIKey: c.key}, nil
}

func (c *credentials) ApiKeyAuth(context.Context, api.OperationName) (api.ApiKeyAuth, error) {
	return api.ApiKeyAuth{}, ogenerrors.ErrSkipClientSecurity
}

func (c *credentials) BasicAuth(context.Context, api.OperationName) (api.BasicAuth, error) {
	return api.BasicAuth{}, ogenerrors.ErrSkipClientSecurity
}

func (c *credentials) CsrfHeader(context.Context, api.OperationName) (api.CsrfHeader, error) {
	return api.CsrfHeader{}, ogenerrors.ErrSkipClientSecurity
}

func (c *credentials) SessionCookie(context.Context, api.OperationName) (api.SessionCookie, error) {
	return api.SessionCookie{}, ogenerrors.ErrSkipClientSecurity
}

func (c *credentials) TokenAuth(context.Context, api.OperationName) (api.TokenAuth, error) {
	return api.TokenAuth{}, ogenerrors.ErrSkipClientSecurity
}

// as is the answer of the type, or an error with the answer that came.
func as[T any](answer any, err error) (T, error) {
	got, ok := answer.(T)
	if err == nil && !ok {
		err = fmt.Errorf("got %T %+v, want %T", answer, answer, got)
	}
	return got, err
}

// story is a run with what it has made so far.
type story struct {
	*api.Client
	base, account, key string
	first              api.IssuedKey
}

func run(ctx context.Context, base, email, password string) error {
	who := &credentials{}
	client, err := api.NewClient(base, who)
	if err != nil {
		return err
	}
	signIn := api.ObtainTokenApplicationJSON{Email: api.NewOptNilString(email), Password: password}
	pair, err := as[*api.ObtainTokenOK](client.ObtainToken(ctx, &signIn))
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if !pair.IsTokenPair() {
		return fmt.Errorf("signed in by e-mail address for %+v", pair)
	}
	who.bearer = pair.TokenPair.Access
	s := &story{Client: client, base: base}
	for _, step := range []func(context.Context) error{s.makeKey, s.speaksForItself, s.rotateAndRevoke, s.pageThrough, s.readProblems} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) makeKey(ctx context.Context) error {
	all, err := as[*api.ListOrganizationsOK](s.ListOrganizations(ctx, api.ListOrganizationsParams{}))
	if err != nil || len(all.Items) == 0 {
		return fmt.Errorf("list organizations: %+v %w", all, err)
	}
	account, err := as[*api.ServiceAccountHeaders](s.CreateServiceAccount(ctx, &api.CreateServiceAccountApplicationJSON{
		OrganizationID: all.Items[0].ID, Name: "made by ogen", Scopes: api.NewOptNilGrantNameArray([]api.GrantName{"invoices:*"}),
		Metadata: api.NewOptNilMetadata(api.Metadata{"made": []byte(`"here"`)}),
	}, api.CreateServiceAccountParams{IdempotencyKey: api.NewOptString("ogen")}))
	if err != nil {
		return fmt.Errorf("create a service account: %w", err)
	}
	s.account = account.Response.ID
	key, err := as[*api.IssuedKeyHeaders](s.CreateKey(ctx, &api.CreateKeyApplicationJSON{ServiceAccountID: s.account, Name: "first"},
		api.CreateKeyParams{}))
	if err != nil {
		return fmt.Errorf("create a key: %w", err)
	}
	if key.ETag == "" || key.Location == "" {
		return fmt.Errorf("the answer lacks headers: %+v", key)
	}
	s.first, s.key = key.Response, key.Response.Key.Or("")
	return s.verify(ctx, s.key, api.CodeVALID)
}

// verify asks about the key as a gateway does.
func (s *story) verify(ctx context.Context, key string, want api.Code) error {
	question := api.Question{Key: key, Scopes: api.NewOptNilScopeNameArray([]api.ScopeName{"invoices:read"})}
	got, err := as[*api.VerifyAskedOKHeaders](s.VerifyAsked(ctx, &question, api.VerifyAskedParams{}))
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if got.Response.Code != want || got.Response.Valid != (want == api.CodeVALID) {
		return fmt.Errorf("verify: got %+v, want %s", got.Response, want)
	}
	return nil
}

// speaksForItself asks with the key itself: the decision is the status, with
// its headers.
func (s *story) speaksForItself(ctx context.Context) error {
	holder, err := api.NewClient(s.base, &credentials{key: s.key})
	if err != nil {
		return err
	}
	good, err := as[*api.DecisionHeaders](holder.VerifySelf(ctx, api.VerifySelfParams{Scope: []api.ScopeName{"invoices:read"}}))
	if err != nil || good.XLatchkeyCode != api.CodeVALID || good.XLatchkeyServiceAccountID.Value != s.account {
		return fmt.Errorf("verify the key itself: %+v %w", good, err)
	}
	bad, err := as[*api.KeyMayNotHeaders](holder.VerifySelf(ctx, api.VerifySelfParams{Scope: []api.ScopeName{"orders:read"}}))
	if err != nil || bad.Response.Code != api.ProblemCodeINSUFFICIENTSCOPE || len(bad.Response.MissingScopes) != 1 {
		return fmt.Errorf("verify a scope that the key lacks: %+v %w", bad, err)
	}
	return nil
}

func (s *story) rotateAndRevoke(ctx context.Context) error {
	rotation := api.RotateKeyApplicationJSON{Grace: api.NewOptNilString("1h")}
	next, err := as[*api.IssuedKeyHeaders](s.RotateKey(ctx, &rotation, api.RotateKeyParams{ID: s.first.ID}))
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	if next.Response.RotatedFrom.Value != s.first.ID {
		return fmt.Errorf("rotate: the successor is %+v", next.Response)
	}
	if err := errors.Join(s.verify(ctx, s.key, api.CodeVALID), s.verify(ctx, next.Response.Key.Or(""), api.CodeVALID)); err != nil {
		return err
	}
	reason := api.RevokeKeyApplicationJSON{Reason: api.NewOptNilRevokeKeyReason(api.RevokeKeyReasonSuperseded)}
	gone, err := as[*api.RevokedKeyHeaders](s.RevokeKey(ctx, &reason, api.RevokeKeyParams{ID: s.first.ID}))
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	if gone.Response.Status != api.StatusRevoked || gone.Response.EffectiveEverywhereBy.IsZero() {
		return fmt.Errorf("revoke: %+v", gone.Response)
	}
	return errors.Join(s.verify(ctx, s.key, api.CodeREVOKED), s.verify(ctx, next.Response.Key.Or(""), api.CodeVALID))
}

// pageThrough reads the keys of the account two at a time.
func (s *story) pageThrough(ctx context.Context) error {
	for _, name := range []string{"third", "fourth", "fifth"} {
		if _, err := as[*api.IssuedKeyHeaders](s.CreateKey(ctx, &api.CreateKeyApplicationJSON{ServiceAccountID: s.account, Name: name},
			api.CreateKeyParams{})); err != nil {
			return fmt.Errorf("create another key: %w", err)
		}
	}
	seen, sizes := map[string]bool{}, []int{}
	params := api.ListKeysParams{ServiceAccountID: api.NewOptString(s.account), Limit: api.NewOptInt(2)}
	for {
		page, err := as[*api.ListKeysOK](s.ListKeys(ctx, params))
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		sizes = append(sizes, len(page.Items))
		for _, k := range page.Items {
			seen[k.ID] = true
		}
		if page.NextCursor.Null {
			break
		}
		params.Cursor = api.NewOptString(page.NextCursor.Value)
	}
	if len(seen) != 5 || fmt.Sprint(sizes) != "[2 2 1]" {
		return fmt.Errorf("pages of %v with %d keys", sizes, len(seen))
	}
	return nil
}

// readProblems is refused, and told why in types.
func (s *story) readProblems(ctx context.Context) error {
	missing, err := as[*api.GetKeyNotFound](s.GetKey(ctx, api.GetKeyParams{ID: "key_nothing"}))
	if err != nil || missing.Code != api.ProblemCodeNotFound || missing.Status != 404 {
		return fmt.Errorf("a key that is not there: %+v %w", missing, err)
	}
	late := api.CreateKeyApplicationJSON{
		ServiceAccountID: s.account, Name: "late", ExpiresAt: api.NewOptNilDateTime(time.Now().Add(-time.Hour)),
	}
	wrong, err := as[*api.CreateKeyBadRequest](s.CreateKey(ctx, &late, api.CreateKeyParams{}))
	if err != nil || wrong.Code != api.ProblemCodeInvalidRequest || len(wrong.Errors) != 1 || wrong.Errors[0].Field != "expires_at" {
		return fmt.Errorf("a key that has ended: %+v %w", wrong, err)
	}
	return nil
}
