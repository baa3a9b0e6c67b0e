package server

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/auth/oidc"
)

const providersHelp = `
People can sign in by accounts elsewhere. For each provider, with a NAME of your own:

  LATCHKEY_OIDC_NAME_CLIENT_ID, LATCHKEY_OIDC_NAME_CLIENT_SECRET (or …_CLIENT_SECRET_FILE)
        what the provider calls Latchkey; the callback to register there is
        LATCHKEY_URL/login/name/callback
  LATCHKEY_OIDC_NAME_ISSUER
        address of the OpenID provider; known for GOOGLE, not needed for GITHUB
  LATCHKEY_OIDC_NAME_TITLE, LATCHKEY_OIDC_NAME_SCOPES
        what the button says; the scopes to ask for, separated by spaces
  LATCHKEY_OIDC_GITHUB_AUTHORIZE_URL, …_TOKEN_URL, …_API_URL
        endpoints of a GitHub Enterprise server
`

var (
	providerVariable = regexp.MustCompile(`^OIDC_([A-Z][A-Z0-9]*)_` +
		`(CLIENT_ID|CLIENT_SECRET|CLIENT_SECRET_FILE|ISSUER|TITLE|SCOPES|AUTHORIZE_URL|TOKEN_URL|API_URL)$`)
	presets = map[string]func() oidc.Provider{"google": oidc.Google, "github": oidc.GitHub}
)

// readProviders removes the provider variables from given and returns the
// providers by name.
func readProviders(given map[string]string) ([]oidc.Provider, error) {
	values := map[string]map[string]string{}
	for variable, value := range given {
		parts := providerVariable.FindStringSubmatch(variable)
		if parts == nil {
			continue
		}
		name := strings.ToLower(parts[1])
		if values[name] == nil {
			values[name] = map[string]string{}
		}
		values[name][parts[2]] = value
		delete(given, variable)
	}
	var all []oidc.Provider
	var faults []error
	for name, fields := range values {
		p, err := readProvider(name, fields)
		if err != nil {
			faults = append(faults, fmt.Errorf("%sOIDC_%s: %w", variablePrefix, strings.ToUpper(name), err))
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b oidc.Provider) int { return strings.Compare(a.Title, b.Title) })
	return all, errors.Join(faults...)
}

func readProvider(name string, fields map[string]string) (oidc.Provider, error) {
	p := oidc.Provider{Name: name, Title: strings.ToUpper(name[:1]) + name[1:], Scopes: []string{"openid", "email", "profile"}}
	if preset, ok := presets[name]; ok {
		p = preset()
	}
	for field, into := range map[string]*string{
		"CLIENT_ID": &p.ClientID, "CLIENT_SECRET": &p.ClientSecret, "ISSUER": &p.Issuer, "TITLE": &p.Title,
		"AUTHORIZE_URL": &p.AuthorizeURL, "TOKEN_URL": &p.TokenURL, "API_URL": &p.APIURL,
	} {
		if v := fields[field]; v != "" {
			*into = v
		}
	}
	if v := strings.Fields(fields["SCOPES"]); len(v) > 0 {
		p.Scopes = v
	}
	if file := fields["CLIENT_SECRET_FILE"]; file != "" {
		b, err := os.ReadFile(file) //nolint:gosec // G304: the operator names the file
		if err != nil {
			return p, err
		}
		p.ClientSecret = strings.TrimRight(string(b), "\r\n")
	}
	return p, checkProvider(&p)
}

func checkProvider(p *oidc.Provider) error {
	if p.ClientID == "" || p.ClientSecret == "" {
		return errors.New("CLIENT_ID and CLIENT_SECRET are required")
	}
	if p.Issuer == "" && p.AuthorizeURL == "" {
		return errors.New("ISSUER is required")
	}
	for _, address := range []string{p.Issuer, p.AuthorizeURL, p.TokenURL, p.APIURL} {
		if u, err := url.Parse(address); err != nil || (address != "" && (u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"))) {
			return fmt.Errorf("%q is not an address such as https://accounts.example.com", address)
		}
	}
	return nil
}
