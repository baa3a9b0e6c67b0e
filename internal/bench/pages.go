package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/keys"
)

const pageRepeats = 10

var demoSignIn = regexp.MustCompile(`(?m)^\s+((?:admin|ada)@\S+)\s+(\S+)`)

// reader is somebody who has signed in.
type reader struct {
	name, base string
	client     *http.Client
}

// pages measures the time to the first byte of every page on a store with that many keys:
// the first request, then a second one, then ten more.
func pages(ctx context.Context, o options, dir string) (err error) {
	fmt.Printf("\nfilling a store with %d keys for the portal's pages\n", o.pages)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, "latchkey.db")
	demo := exec.CommandContext(ctx, o.binary, "demo") //nolint:gosec // G204: the service that is measured
	demo.Env = append(os.Environ(), "LATCHKEY_DATABASE_URL=sqlite:"+path)
	told, err := demo.CombinedOutput()
	if err != nil {
		return fmt.Errorf("latchkey demo: %w\n%s", err, told)
	}
	c, err := crowded(ctx, path, o.pages)
	if err != nil {
		return err
	}
	service, err := startService(ctx, o, filled{url: "sqlite:" + path}, "LATCHKEY_SIGN_IN_LIMIT=off")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	fmt.Printf("%-6s %-58s %5s %8s %8s %8s %8s\n", "who", "page", "", "first", "p50", "max", "bytes")
	readers := demoSignIn.FindAllSubmatch(told, -1)
	slices.Reverse(readers) // the staff start an incident, which runs for a while
	for _, who := range readers {
		r := reader{name: string(who[1][:bytes.IndexByte(who[1], '@')]), base: "http://" + service.address}
		if err := r.signIn(ctx, string(who[1]), string(who[2])); err != nil {
			return err
		}
		for _, path := range c.paths(r.name == "admin") {
			if err := r.measure(ctx, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// paths returns the addresses of all pages, with existing ids. A form's content follows
// a space.
func (c *crowd) paths(staff bool) []string {
	i := slices.IndexFunc(c.keys, func(k keys.Key) bool { return k.OrganizationID == keys.FirstOrganization && k.RevokedAt.IsZero() })
	k := &c.keys[i]
	key, account, organization := "/keys/"+k.ID, "/service-accounts/"+k.ServiceAccountID, "/organizations/"+keys.FirstOrganization
	all := []string{
		"/", "/keys", "/keys?q=runner", "/keys?q=zy", "/keys?q=runner+77123", "/keys?q=nothing-like-that", "/keys?sort=expires",
		"/keys?sort=unused", "/keys?expiry=30", "/keys?used=30", "/keys?used=90",
		"/keys?status=active", "/keys?status=revoked", "/keys?status=disabled", "/keys?status=expired", "/keys?status=not_yet_valid",
		"/keys?environment=test", "/keys?scope=invoices:read", "/keys?scope=payments:refund&sort=unused",
		"/keys?q=zy&used=90", "/keys?status=expired&scope=orders:read&q=zy",
		key, key + "/edit", key + "/rotate", key + "/revoke", "/service-accounts", "/service-accounts?owner=me",
		"/service-accounts?q=integration+7", "/service-accounts?q=nothing-like-that", "/service-accounts/new",
		account, account + "/edit", account + "/delete", account + "/keys/new", "/usage", "/usage?by=key", "/usage?by=service_account",
		"/usage?by=scope", "/usage?account=" + k.ServiceAccountID, "/usage?key=" + k.ID,
		"/calendar", "/guides", "/guides/errors", "/playground", "/playground key=lk_live_nonsense&cost=1", "/organizations", organization,
		organization + "/members/" + c.members[keys.FirstOrganization][0] + "/remove", organization + "/audit", organization + "/audit?object=" +
			k.ID, organization + "/audit?action=key.revoke", organization + "/audit.csv",
		"/me", "/login", "/password/forgotten",
	}
	if !staff {
		return all
	}
	return append(all,
		"/provider", "/provider/find find="+k.Last4, "/provider/find find="+url.QueryEscape(k.Start+"…"+k.Last4), "/provider/find find=zzzz",
		"/provider/incidents", "/provider/incidents/new", "/provider/tiers", "/provider/tiers/new", "/provider/tiers/pro",
		"/provider/tiers/pro title=Pro&rate_limit=10/10s&max_keys=100&revision=1", "/provider/scopes", "/provider/scopes/invoices:read",
		"/provider/scopes/invoices:read/rename to=bills:read&days=30",
		"/provider"+organization, "/provider/organizations", "/provider/organizations?q=tenant+29", "/provider/organizations?q=nothing-like-that",
		"/provider/users", "/provider/users?q=person299", "/provider/users?q=nothing-like-that",
		"/provider/users/"+c.users[0], "/provider/orphans", "/provider/orphans?kind=creator_left", "/provider/orphans?kind=never_used",
		"/provider/orphans?kind=no_expiry", "/provider/system", "/provider"+account+"/override",
		"/provider/incidents/new action=disable&organization_id="+keys.FirstOrganization,
	)
}

func (r *reader) signIn(ctx context.Context, email, password string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	r.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if _, _, err := r.ask(ctx, "/login"); err != nil {
		return err
	}
	_, answer, err := r.ask(ctx, "/login "+url.Values{"email": {email}, "password": {password}}.Encode())
	if err == nil && answer.status != http.StatusSeeOther {
		err = fmt.Errorf("sign in as %s: %d", email, answer.status)
	}
	return err
}

// answered is the answer to a page request.
type answered struct {
	status int
	to     string
	bytes  int64
}

// ask returns the time to the first byte.
func (r *reader) ask(ctx context.Context, page string) (took time.Duration, a answered, err error) {
	path, sent, isForm := strings.Cut(page, " ")
	method := http.MethodGet
	at, err := url.Parse(r.base + path)
	if err != nil {
		return 0, a, err
	}
	if isForm {
		method = http.MethodPost
		for _, cookie := range r.client.Jar.Cookies(at) {
			if cookie.Name == "csrftoken" {
				sent += "&csrfmiddlewaretoken=" + url.QueryEscape(cookie.Value)
			}
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, at.String(), strings.NewReader(sent))
	if err != nil {
		return 0, a, err
	}
	if isForm {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	began := time.Now()
	answer, err := r.client.Do(request) // returns with the first byte
	if err != nil {
		return 0, a, err
	}
	took = time.Since(began)
	a = answered{status: answer.StatusCode, to: answer.Header.Get("Location")}
	a.bytes, err = io.Copy(io.Discard, answer.Body)
	return took, a, errors.Join(err, answer.Body.Close())
}

func (r *reader) measure(ctx context.Context, page string) error {
	first, a, err := r.ask(ctx, page)
	if err != nil {
		return err
	}
	if strings.HasPrefix(page, "/provider/incidents/new ") { // once is enough: it stores what it finds
		r.print(page, &a, first, first, first)
		return r.incident(ctx, a.to)
	}
	took := make([]time.Duration, 0, pageRepeats)
	for i := range pageRepeats + 1 {
		one, _, err := r.ask(ctx, page)
		if err != nil {
			return err
		}
		if i > 0 { // the first one warms up
			took = append(took, one)
		}
	}
	slices.Sort(took)
	r.print(page, &a, first, took[len(took)/2], took[len(took)-1])
	return nil
}

func (r *reader) print(page string, a *answered, times ...time.Duration) {
	if len(page) > 58 {
		page = page[:57] + "…"
	}
	over := ""
	if slices.Max(times) > 50*time.Millisecond {
		over = "  over 50 ms"
	}
	fmt.Printf("%-6s %-58s %5d", r.name, page, a.status)
	for _, t := range times {
		fmt.Printf(" %7.1fms", float64(t.Microseconds())/1000)
	}
	fmt.Printf(" %8d%s\n", a.bytes, over)
}

// incident reads the page of a dry run while it runs, and afterwards.
func (r *reader) incident(ctx context.Context, path string) error {
	for _, when := range []string{path, path + "?page=2"} {
		if err := r.measure(ctx, when); err != nil {
			return err
		}
	}
	return nil
}
