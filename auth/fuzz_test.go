package auth_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// FuzzCredentials: whatever a client sends in its headers, it never acts as
// anybody by it, is refused for no fault of ours, and is passed on only by
// authenticators that it is not for.
func FuzzCredentials(f *testing.F) {
	o := newOffice(f, ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1})
	chain, format := chainOf(f, o)
	for _, text := range []string{
		"", "Basic", "Basic ", "basic YTpi", "Basic !!!", "Basic YTpi YTpi", "Token", "Token x", "token  lk_user_x", "Token " +
			format.NewToken().Reveal(),
		"Bearer", "Bearer lk_live_x", "BEARER " + format.New(keys.Live).Reveal(), "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer eyJ..", "Api-Key ",
		"Api-Key lk_test_x",
		"Digest a=b", " Basic YTpi", "Basic\tYTpi", "Bearer\x00x",
	} {
		f.Add(text, "", "")
	}
	f.Add("", "lk_live_x", "sessionid=x; csrftoken=y")
	f.Add("Basic YTpi", format.New(keys.Test).Reveal(), "sessionid=\"; sessionid=x")
	f.Fuzz(func(t *testing.T, authorization, key, cookie string) {
		r, err := http.NewRequestWithContext(proxies.With(t.Context(), proxies.Client{}), http.MethodPost, "/api/keys", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {authorization}, "X-Api-Key": {key}, "Cookie": {cookie}}
		p, err := chain.Authenticate(r)
		switch kind := errs.KindOf(err); {
		case err != nil && kind != errs.Unauthenticated && kind != errs.Limited && kind != errs.Forbidden:
			t.Errorf("it is our own fault: %v", err)
		case err == nil && p.Authenticated():
			t.Errorf("it acts as %+v", p)
		}
		scheme, rest, _ := strings.Cut(authorization, " ")
		taken := func(name string) bool { return strings.EqualFold(scheme, name) }
		ours := taken("Basic") || taken("Token") || taken("Bearer") || (taken("Api-Key") && strings.TrimSpace(rest) != "") || key != ""
		if ours && err == nil {
			t.Errorf("a wrong credential is taken for none")
		}
		if found, _ := (auth.Carrier{Format: format}).Credential(r); found != "" && key == "" && !strings.Contains(authorization, found) {
			t.Errorf("%q is read as the credential %q", authorization, found)
		}
	})
}

// chainOf is the chain of all schemes over the office.
func chainOf(tb testing.TB, o *office) (*auth.Chain, keys.Format) {
	tb.Helper()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	quiet := slog.New(slog.DiscardHandler)
	format, err := keys.NewFormat(keys.DefaultBrand)
	must(err)
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Store: o.store, Logger: quiet})
	must(err)
	verifier, err := verify.New(verify.Config{
		Store: o.store, Limiter: limiter, Marks: keys.NewMarks(), Format: format,
		Logger: quiet, CacheSize: 1000,
	})
	must(err)
	ring, err := signing.NewKeyring(tb.Context(), signing.Config{
		Store: o.store, Sealer: o.Sealer, Algorithm: signing.ES256, Issuer: "https://keys.example.com", Logger: quiet,
		Overlap: time.Hour, Now: o.Now,
	})
	must(err)
	tb.Cleanup(func() {
		ring.Close()
		verifier.Close()
		must(limiter.Close(context.WithoutCancel(tb.Context())))
	})
	chain, err := auth.NewChain(
		auth.NewSessionAuthenticator(o.People, auth.NewCSRF()), auth.NewAPIKey(verifier, auth.Carrier{Format: format}),
		auth.NewJWT(o.People, ring, verifier, format, time.Minute, time.Hour), auth.NewTokenAuthenticator(o.People, format),
		auth.NewBasic(o.People, quiet))
	must(err)
	return chain, format
}
