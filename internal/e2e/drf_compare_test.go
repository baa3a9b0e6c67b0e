package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// peer is a server that the comparison asks: Django's or ours.
type peer struct {
	t     *testing.T
	base  string
	name  string // the member that David signs in to a pair with, and its value
	value string
	known map[string]string // what earlier answers said: token, access, refresh
}

// exchangeOf is one request of the comparison. {token} and so on are replaced by
// values of earlier answers, {name} and {value} by what David signs in with.
type exchangeOf struct {
	what, method, path, kind, body string
	header                         [2]string
}

const formKind, jsonKind, problemKind = "application/x-www-form-urlencoded", "application/json", "application/problem+json"

func drfExchanges() []exchangeOf {
	token := [2]string{"Authorization", "Token {token}"}
	bearer := [2]string{"Authorization", "Bearer {access}"}
	none := [2]string{}
	const right, wrong = "correct horse battery staple", "a wrong password of no use"
	pair := func(password string) string { return `{"{name}":"{value}","password":"` + password + `"}` }
	return []exchangeOf{
		{"sign in for a token", "POST", "/api-token-auth/", formKind, "username=david&password=" + strings.ReplaceAll(right, " ", "+"), none},
		{"for a token, as JSON", "POST", "/api-token-auth/", jsonKind, `{"username":"david","password":"` + right + `"}`, none},
		{"for a token, with a wrong password", "POST", "/api-token-auth/", jsonKind, `{"username":"david","password":"` + wrong + `"}`, none},
		{"for a token, without credentials", "POST", "/api-token-auth/", jsonKind, `{}`, none},
		{"for a token, with broken JSON", "POST", "/api-token-auth/", jsonKind, `{`, none},
		{"for a token, in another media type", "POST", "/api-token-auth/", "text/plain", `x`, none},
		{"for a token, with GET", "GET", "/api-token-auth/", "", "", none},
		{"sign in for a pair", "POST", "/api/token/", jsonKind, pair(right), none},
		{"for a pair, with a wrong password", "POST", "/api/token/", jsonKind, pair(wrong), none},
		{"for a pair, without a password", "POST", "/api/token/", jsonKind, `{"{name}":"{value}"}`, none},
		{"verify an access token", "POST", "/api/token/verify/", jsonKind, `{"token":"{access}"}`, none},
		{"verify an invalid token", "POST", "/api/token/verify/", jsonKind, `{"token":"nonsense"}`, none},
		{"verify without a token", "POST", "/api/token/verify/", jsonKind, `{}`, none},
		{"who am I, with the token", "GET", "/api/me/", "", "", token},
		{"with an invalid token", "GET", "/api/me/", "", "", [2]string{"Authorization", "Token nonsense"}},
		{"with the access token", "GET", "/api/me/", "", "", bearer},
		{"with an invalid access token", "GET", "/api/me/", "", "", [2]string{"Authorization", "Bearer nonsense"}},
		{"without a credential", "GET", "/api/me/", "", "", none},
		{"what the path accepts", "OPTIONS", "/api/me/", "", "", token},
		{"a method that is not allowed", "DELETE", "/api/me/", "", "", token},
		{"an unsupported media type in `Accept`", "GET", "/api/me/", "", "", [2]string{"Accept", "application/xml"}},
		{"refresh", "POST", "/api/token/refresh/", jsonKind, `{"refresh":"{refresh}"}`, none},
		{"refresh with an invalid token", "POST", "/api/token/refresh/", jsonKind, `{"refresh":"nonsense"}`, none},
		{"refresh without a token", "POST", "/api/token/refresh/", jsonKind, `{}`, none},
		{"sign out", "POST", "/api/token/blacklist/", jsonKind, `{"refresh":"{refresh}"}`, none},
		{"refresh after signing out", "POST", "/api/token/refresh/", jsonKind, `{"refresh":"{refresh}"}`, none},
	}
}

// told is the part of an answer that is compared.
type told struct {
	status               int
	kind, allow, schemes string
	members              []string
}

func (p *peer) ask(e exchangeOf) told {
	p.t.Helper()
	fill := strings.NewReplacer("{name}", p.name, "{value}", p.value, "{token}", p.known["token"], "{access}", p.known["access"], "{refresh}",
		p.known["refresh"])
	r, err := http.NewRequestWithContext(p.t.Context(), e.method, p.base+e.path, strings.NewReader(fill.Replace(e.body)))
	if err != nil {
		p.t.Fatal(err)
	}
	if e.kind != "" {
		r.Header.Set("Content-Type", e.kind)
	}
	if e.header[0] != "" {
		r.Header.Set(e.header[0], fill.Replace(e.header[1]))
	}
	answer, text := fetch(p.t, r)
	out := told{status: answer.StatusCode, kind: answer.Header.Get("Content-Type"), allow: answer.Header.Get("Allow")}
	for _, challenge := range answer.Header.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(challenge, " ")
		out.schemes = strings.TrimSpace(out.schemes + " " + scheme)
	}
	var body map[string]any
	_ = json.Unmarshal([]byte(text), &body) // a body that is not an object has no members to compare
	for name, value := range body {
		out.members = append(out.members, name)
		if s, is := value.(string); is && answer.StatusCode == http.StatusOK && (name == "token" || name == "access" || name == "refresh") {
			p.known[name] = s
		}
	}
	slices.Sort(out.members)
	return out
}

// differences describes, in the words of the page, how our answer differs from
// Django's.
func differences(django, ours told) []string {
	var all []string
	compare := func(what, a, b string) {
		if a != b {
			all = append(all, fmt.Sprintf("%s is `%s` in Django, `%s` here", what, a, b))
		}
	}
	compare("status", fmt.Sprint(django.status), fmt.Sprint(ours.status))
	problem := ours.kind == problemKind && django.kind == jsonKind
	if problem {
		all = append(all, "a problem")
	} else {
		compare("Content-Type", django.kind, ours.kind)
	}
	compare("Allow", django.allow, ours.allow)
	compare("WWW-Authenticate", django.schemes, ours.schemes)
	var lacks, more []string
	for _, m := range django.members {
		if !slices.Contains(ours.members, m) {
			lacks = append(lacks, m)
		}
	}
	for _, m := range ours.members {
		isProblem := problem && slices.Contains([]string{"type", "title", "status", "detail", "instance", "code", "errors"}, m)
		if !isProblem && !slices.Contains(django.members, m) {
			more = append(more, m)
		}
	}
	if len(lacks) > 0 {
		all = append(all, "lacks `"+strings.Join(lacks, "`, `")+"`")
	}
	if len(more) > 0 {
		all = append(all, "also has `"+strings.Join(more, "`, `")+"`")
	}
	return all
}

// TestDifferencesToDjango sends the same requests to Django REST Framework with
// SimpleJWT and to Latchkey, and compares the differences with the table in
// docs/authenticators.md. UPDATE_GOLDEN writes it.
func TestDifferencesToDjango(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	s.call("POST", "/api/users", map[string]any{"email": "david@example.com", "username": "david", "password": adminPassword}, 201)
	addr := parts.FreeAddr(t)
	_, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(parts.Venv(t), filepath.Join("testdata", "drf_server.py"), filepath.Join(t.TempDir(), "django.db"), port)
	cmd.Env = parts.Environ()
	parts.Start(t, cmd).AwaitListening(addr)
	django := &peer{t: t, base: "http://" + addr, name: "username", value: "david", known: map[string]string{}}
	ours := &peer{t: t, base: s.base, name: "email", value: "david@example.com", known: map[string]string{}}
	var b strings.Builder
	b.WriteString("| request | | difference |\n|---|---|---|\n")
	first := ""
	for _, e := range drfExchanges() {
		theirs, mine := django.ask(e), ours.ask(e)
		if e.what == "for a token, as JSON" && (ours.known["token"] != first || first == "") {
			t.Error("the second sign-in answers another token")
		}
		first = ours.known["token"]
		text := strings.Join(differences(theirs, mine), "; ")
		if text == "" {
			text = "the same"
		}
		fmt.Fprintf(&b, "| `%s %s` | %s | %s |\n", e.method, e.path, e.what, text)
	}
	page := filepath.Join("..", "..", "docs", "authenticators.md")
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- differences -->\n", "<!-- end of differences -->"
	before, rest, found := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	now := before + begin + b.String() + end + after
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(page, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if now != string(old) {
		t.Errorf("%s is not what the answers say: run `make golden`\n%s", page, b.String())
	}
}
