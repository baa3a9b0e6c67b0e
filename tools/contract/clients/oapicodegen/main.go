// Program oapicodegen drives the client that oapi-codegen generates through
// the main story: sign in, make a service account and a key, verify, rotate,
// revoke, page through a list, and read problems.
//
//	oapicodegen URL EMAIL PASSWORD
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/latchkey/latchkey/tools/contract/clients/oapicodegen/api"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "oapicodegen:", err)
		os.Exit(1)
	}
}

// answered is an answer of the client, whatever is in it.
type answered interface {
	StatusCode() int
	GetBody() []byte
}

// told is what the client read of the answer, or an error with the answer that
// came where it read nothing.
func told[T any](what string, answer answered, read *T, err error) (T, error) {
	var none T
	if err != nil {
		return none, fmt.Errorf("%s: %w", what, err)
	}
	if read == nil {
		return none, fmt.Errorf("%s: %d %s", what, answer.StatusCode(), answer.GetBody())
	}
	return *read, nil
}

func pointer[T any](value T) *T { return &value }

// story is a run with what it has made so far.
type story struct {
	*api.ClientWithResponses
	base, account, key string
	first              api.IssuedKey
}

func run(ctx context.Context, base, email, password string) error {
	stranger, err := api.NewClientWithResponses(base)
	if err != nil {
		return err
	}
	answer, err := stranger.ObtainTokenWithResponse(ctx, api.SignIn{Email: &email, Password: password})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	either, err := told("sign in", answer, answer.JSON200, err)
	if err != nil {
		return err
	}
	pair, err := either.AsTokenPair()
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	client, err := api.NewClientWithResponses(base, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+pair.Access)
		return nil
	}))
	if err != nil {
		return err
	}
	s := &story{ClientWithResponses: client, base: base}
	for _, step := range []func(context.Context) error{s.makeKey, s.speaksForItself, s.rotateAndRevoke, s.pageThrough, s.readProblems} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) makeKey(ctx context.Context) error {
	listed, err := s.ListOrganizationsWithResponse(ctx, nil)
	if err != nil {
		return err
	}
	all, err := told("list organizations", listed, listed.JSON200, err)
	if err != nil {
		return err
	}
	made, err := s.CreateServiceAccountWithResponse(ctx, &api.CreateServiceAccountParams{IdempotencyKey: pointer("oapi-codegen")},
		api.CreateServiceAccount{
			OrganizationId: all.Items[0].Id, Name: "made by oapi-codegen", Scopes: &[]api.GrantName{"invoices:*"},
			Metadata: &api.Metadata{"made": "here"},
		})
	if err != nil {
		return err
	}
	account, err := told("create a service account", made, made.JSON201, err)
	if err != nil {
		return err
	}
	s.account = account.Id
	if s.first, err = s.issue(ctx, "first"); err != nil {
		return err
	}
	s.key = *s.first.Key
	return s.verify(ctx, s.key, api.CodeVALID)
}

func (s *story) issue(ctx context.Context, name string) (api.IssuedKey, error) {
	answer, err := s.CreateKeyWithResponse(ctx, nil, api.CreateKey{ServiceAccountId: s.account, Name: name})
	if err != nil {
		return api.IssuedKey{}, err
	}
	return told("create a key", answer, answer.JSON201, err)
}

// verify asks about the key as a gateway does.
func (s *story) verify(ctx context.Context, key string, want api.Code) error {
	answer, err := s.VerifyAskedWithResponse(ctx, nil, api.Question{Key: key, Scopes: &[]api.ScopeName{"invoices:read"}})
	if err != nil {
		return err
	}
	got, err := told("verify", answer, answer.JSON200, err)
	if err != nil {
		return err
	}
	if got.Code != want || got.Valid != (want == api.CodeVALID) {
		return fmt.Errorf("verify: got %+v, want %s", got, want)
	}
	return nil
}

// speaksForItself asks with the key itself: the decision is the status.
func (s *story) speaksForItself(ctx context.Context) error {
	holder, err := api.NewClientWithResponses(s.base, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-API-Key", s.key)
		return nil
	}))
	if err != nil {
		return err
	}
	answer, err := holder.VerifySelfWithResponse(ctx, &api.VerifySelfParams{Scope: &[]api.ScopeName{"invoices:read"}})
	if err != nil {
		return err
	}
	good, err := told("verify the key itself", answer, answer.JSON200, err)
	if err != nil || good.Code != api.CodeVALID {
		return fmt.Errorf("verify the key itself: %+v %w", good, err)
	}
	answer, err = holder.VerifySelfWithResponse(ctx, &api.VerifySelfParams{Scope: &[]api.ScopeName{"orders:read"}})
	if err != nil {
		return err
	}
	bad, err := told("verify a scope that the key lacks", answer, answer.ApplicationproblemJSON403, err)
	if err != nil || bad.Code != api.ProblemCodeINSUFFICIENTSCOPE || bad.MissingScopes == nil {
		return fmt.Errorf("verify a scope that the key lacks: %+v %w", bad, err)
	}
	return nil
}

func (s *story) rotateAndRevoke(ctx context.Context) error {
	rotated, err := s.RotateKeyWithResponse(ctx, s.first.Id, nil, api.RotateKey{Grace: pointer("1h")})
	if err != nil {
		return err
	}
	next, err := told("rotate", rotated, rotated.JSON201, err)
	if err != nil {
		return err
	}
	if next.RotatedFrom == nil || *next.RotatedFrom != s.first.Id {
		return fmt.Errorf("rotate: the successor is %+v", next)
	}
	if err := errors.Join(s.verify(ctx, s.key, api.CodeVALID), s.verify(ctx, *next.Key, api.CodeVALID)); err != nil {
		return err
	}
	revoked, err := s.RevokeKeyWithResponse(ctx, s.first.Id, nil, api.RevokeKey{Reason: pointer(api.RevokeKeyReasonSuperseded)})
	if err != nil {
		return err
	}
	gone, err := told("revoke", revoked, revoked.JSON200, err)
	if err != nil {
		return err
	}
	if gone.Status != "revoked" || gone.EffectiveEverywhereBy.IsZero() {
		return fmt.Errorf("revoke: %+v", gone)
	}
	return errors.Join(s.verify(ctx, s.key, api.CodeREVOKED), s.verify(ctx, *next.Key, api.CodeVALID))
}

// pageThrough reads the keys of the account two at a time.
func (s *story) pageThrough(ctx context.Context) error {
	for _, name := range []string{"third", "fourth", "fifth"} {
		if _, err := s.issue(ctx, name); err != nil {
			return err
		}
	}
	seen, sizes := map[string]bool{}, []int{}
	params := api.ListKeysParams{ServiceAccountId: &s.account, Limit: pointer(2)}
	for {
		answer, err := s.ListKeysWithResponse(ctx, &params)
		if err != nil {
			return err
		}
		page, err := told("list keys", answer, answer.JSON200, err)
		if err != nil {
			return err
		}
		sizes = append(sizes, len(page.Items))
		for _, k := range page.Items {
			seen[k.Id] = true
		}
		if page.NextCursor == nil {
			break
		}
		params.Cursor = page.NextCursor
	}
	if len(seen) != 5 || fmt.Sprint(sizes) != "[2 2 1]" {
		return fmt.Errorf("pages of %v with %d keys", sizes, len(seen))
	}
	return nil
}

// readProblems is refused, and told why in types.
func (s *story) readProblems(ctx context.Context) error {
	absent, err := s.GetKeyWithResponse(ctx, "key_nothing")
	if err != nil {
		return err
	}
	missing, err := told("a key that is not there", absent, absent.ApplicationproblemJSON404, err)
	if err != nil || missing.Code != api.ProblemCodeNotFound || missing.Status != 404 {
		return fmt.Errorf("a key that is not there: %+v %w", missing, err)
	}
	late, err := s.CreateKeyWithResponse(ctx, nil, api.CreateKey{
		ServiceAccountId: s.account, Name: "late", ExpiresAt: pointer(time.Now().Add(-time.Hour)),
	})
	if err != nil {
		return err
	}
	wrong, err := told("a key that has ended", late, late.ApplicationproblemJSON400, err)
	if err != nil || wrong.Code != api.ProblemCodeInvalidRequest || wrong.Errors == nil || (*wrong.Errors)[0].Field != "expires_at" {
		return fmt.Errorf("a key that has ended: %+v %w", wrong, err)
	}
	return nil
}
