package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
)

// Intent is the purpose of a sign-in, kept while the user is at the provider.
type Intent struct {
	Next       string `json:"next"`                 // path to continue to
	LinkTo     string `json:"link_to,omitempty"`    // id of the user who links the account
	Invitation string `json:"invitation,omitempty"` // token of the invitation to accept
}

// attempt is what the browser keeps, sealed, while its user is at the provider.
type attempt struct {
	Intent
	Provider string    `json:"provider"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // PKCE (RFC 7636)
	Until    time.Time `json:"until"`
}

const (
	sealPurpose = "sign-in by a provider"
	// AttemptLife is how long the user may take at the provider.
	AttemptLife = 10 * time.Minute
)

// Begin returns where to send the browser, and the content of a cookie that the
// browser keeps meanwhile and no script may read.
func (p *Providers) Begin(ctx context.Context, name string, intent Intent) (location, kept string, err error) {
	r, err := p.find(ctx, name)
	if err != nil {
		return "", "", err
	}
	a := attempt{
		Intent: intent, Provider: name, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Until: p.Now().Add(AttemptLife),
	}
	text, err := json.Marshal(a)
	if err != nil {
		return "", "", fmt.Errorf("encode a sign-in: %w", err)
	}
	sealed, err := p.Sealer.Seal(sealPurpose, text)
	if err != nil {
		return "", "", fmt.Errorf("seal a sign-in: %w", err)
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier)}
	if !r.github() {
		options = append(options, oidc.Nonce(a.Nonce))
	}
	return p.oauth(r).AuthCodeURL(a.State, options...), base64.RawURLEncoding.EncodeToString(sealed), nil
}

var errAttempt = errs.WithCode(errs.Unauthenticated, "authentication_failed", "sign_in_elsewhere")

// Finish returns the account, once the provider has sent the browser back with
// the query. kept is the cookie from Begin.
func (p *Providers) Finish(ctx context.Context, name, kept string, query url.Values) (auth.ExternalAccount, Intent, error) {
	a, err := p.open(kept)
	if err != nil || a.Provider != name || !p.Now().Before(a.Until) {
		return auth.ExternalAccount{}, Intent{}, errAttempt
	}
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(query.Get("state"))) != 1 {
		return auth.ExternalAccount{}, Intent{}, errAttempt
	}
	r, err := p.find(ctx, name)
	if err != nil {
		return auth.ExternalAccount{}, a.Intent, err
	}
	if query.Get("error") != "" {
		return auth.ExternalAccount{}, a.Intent, refused(r, "oidc_cancelled", nil)
	}
	account, err := p.account(ctx, r, query.Get("code"), a.Verifier, a.Nonce)
	return account, a.Intent, err
}

func (p *Providers) open(kept string) (a attempt, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return a, err
	}
	text, err := p.Sealer.Open(sealPurpose, sealed)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a)
}
