package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"golang.org/x/oauth2"

	"github.com/latchkey/latchkey/auth"
)

// GitHub's endpoints and the scopes needed to identify the user.
const (
	githubAuthorize = "https://github.com/login/oauth/authorize"
	githubToken     = "https://github.com/login/oauth/access_token" //nolint:gosec // G101: an address
	githubAPI       = "https://api.github.com"
)

// GitHub returns a Provider preset for GitHub.
func GitHub() Provider {
	return Provider{
		Name: "github", Title: "GitHub", Scopes: []string{"read:user", "user:email"},
		AuthorizeURL: githubAuthorize, TokenURL: githubToken, APIURL: githubAPI,
	}
}

// Google returns a Provider preset for Google.
func Google() Provider {
	return Provider{Name: "google", Title: "Google", Issuer: "https://accounts.google.com", Scopes: []string{"openid", "email", "profile"}}
}

// githubAccount returns the account that the token belongs to. It uses only the
// primary address, and only if GitHub has verified it.
func (p *Providers) githubAccount(ctx context.Context, r *remote, token *oauth2.Token) (auth.ExternalAccount, error) {
	var user struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
		Name  string `json:"name"`
	}
	if err := p.githubCall(ctx, r.APIURL+"/user", token, &user); err != nil || user.ID == 0 {
		return auth.ExternalAccount{}, refused(r, "oidc_nameless", err)
	}
	var addresses []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if err := p.githubCall(ctx, r.APIURL+"/user/emails", token, &addresses); err != nil {
		return auth.ExternalAccount{}, refused(r, "oidc_no_email", err)
	}
	a := auth.ExternalAccount{Provider: r.Name, Subject: strconv.FormatInt(user.ID, 10), Name: user.Name}
	if a.Name == "" {
		a.Name = user.Login
	}
	for _, x := range addresses {
		if x.Primary {
			a.Email, a.EmailVerified = x.Email, x.Verified
		}
	}
	return a, nil
}

func (p *Providers) githubCall(ctx context.Context, url string, token *oauth2.Token, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	token.SetAuthHeader(request)
	answer, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end, or given up
	if answer.StatusCode != http.StatusOK {
		return errors.New("it answered " + answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
