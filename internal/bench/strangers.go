package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/web"
)

const (
	strangerRepeats = 50
	strangerBound   = 2 * time.Millisecond
	strangerBody    = httpx.MaxAnonymousBody - 64
)

// slowByNature lists the routes that hash or rate passwords, in a queue of their own.
var slowByNature = []string{"POST /api/token", "POST /api/session", "POST /api/signup", "POST /login", "POST /signup"}

// strangerRoutes returns all routes of the service, from the list that it serves. It calls
// none of their handlers.
func strangerRoutes() []gin.RouteInfo {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	edge := httpx.NewEdge(nil, slog.New(slog.DiscardHandler))
	(&api.API{Config: api.Config{Edge: edge}}).Mount(engine)
	return slices.DeleteFunc(append(engine.Routes(), web.Routes(edge)...), func(r gin.RouteInfo) bool {
		return r.Path != "/" && strings.HasSuffix(r.Path, "/")
	})
}

// worst is the most expensive request we can think of.
type worst struct{ name, kind, query, body, authorization string }

func worstRequests() []worst {
	const jsonKind, formKind = "application/json", "application/x-www-form-urlencoded"
	l33t := strings.Repeat("4@8({[<369&#!1|0$57+%2", 20)
	fill := func(open, repeat, end string) string {
		return open + strings.Repeat(repeat, (strangerBody-len(open)-len(end))/len(repeat)) + end
	}
	var members, fields, most strings.Builder
	for i := 0; members.Len() < strangerBody-32; i++ {
		fmt.Fprintf(&members, `,"m%d":1`, i)
		fmt.Fprintf(&fields, "&m%d=1", i)
	}
	for i := range 499 { // as many as are read in full
		fmt.Fprintf(&most, `,"a member %016d":1`, i)
	}
	known := `"username":"nobody","password":"` + l33t[:64] + `","old_password":"x","token":"x","refresh":"x","name":"` +
		strings.Repeat("ſ", 4000) + `"`
	jwt := "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IngifQ.eyJpc3MiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ." + strings.Repeat("A", 86)
	return []worst{
		{name: "nothing"},
		{name: "many parameters", query: fields.String()[1 : 12<<10]},
		{name: "one long scope", query: "scope=" + strings.Repeat("a", 12<<10)},
		{name: "an unknown key", authorization: "Bearer lk_live_" + strings.Repeat("a", 49)},
		{name: "a forged token", authorization: "Bearer " + jwt},
		{name: "a long credential", authorization: "Bearer " + strings.Repeat("a.", 5<<10)},
		{name: "unknown members", kind: jsonKind, body: "{" + members.String()[1:] + "}"},
		{name: "499 members", kind: jsonKind, body: "{" + most.String()[1:] + "}"},
		{name: "deep arrays", kind: jsonKind, body: fill(`{"a":`, "[", "")},
		{name: "wide arrays", kind: jsonKind, body: fill(`{"scopes":[0`, ",0", "]}")},
		{name: "known members", kind: jsonKind, body: "{" + known + "}"},
		{name: "a sign-up", kind: jsonKind, body: `{"email":"a@example.com","name":"A","password":"` + l33t[:64] + `"}`},
		{name: "a long token", kind: jsonKind, body: fill(`{"token":"`, "e.", `"}`)},
		{name: "a forged refresh", kind: jsonKind, body: `{"refresh":"` + jwt + `"}`},
		{name: "a key in question", kind: jsonKind, body: fill(`{"key":"lk_live_`, "a", `"}`)},
		{name: "many fields", kind: formKind, body: fields.String()[1:]},
		{name: "100 fields", kind: formKind, body: strings.Join(strings.SplitN(fields.String()[1:], "&", 101)[:100], "&")},
		{
			name: "a form", kind: formKind, body: "email=nobody%40example.com&name=A&token=x&grant_type=client_credentials&client_id=sa_x&" +
				"client_secret=x&password=" + strings.Repeat("%4a", 300),
		},
		{name: "escapes", kind: formKind, body: fill("token=", "%e2", "")},
	}
}

// strangers measures the CPU time of one request without a credential, for every route and
// for the worst request that it accepts.
func strangers(ctx context.Context, o options, dir string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	service, err := startService(ctx, o, filled{url: "sqlite:" + filepath.Join(dir, "latchkey.db")},
		"LATCHKEY_THROTTLE_ANONYMOUS=off", "LATCHKEY_SIGN_IN_LIMIT=off", "LATCHKEY_GUESS_LIMIT=off", "LATCHKEY_SIGNUP=open",
		"LATCHKEY_VERIFY_OPEN=true")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	fmt.Printf("\nprocessor time of one request without a credential, the worst of %d; %s is the most\n", len(worstRequests()), strangerBound)
	for _, r := range strangerRoutes() {
		route := r.Method + " " + r.Path
		cost, by, err := costliest(ctx, service, r)
		if err != nil {
			return fmt.Errorf("%s: %w", route, err)
		}
		note := ""
		switch slow := slices.Contains(slowByNature, route); {
		case slow:
			note = "hashes or rates passwords"
		case cost > strangerBound:
			note = "TOO MUCH"
			err = fmt.Errorf("%s takes %s for %s", route, cost, by)
		}
		fmt.Printf("%-64s %8.2fms  %-18s %s\n", route, float64(cost.Microseconds())/1000, by, note)
		if err != nil {
			return err
		}
	}
	return nil
}

func costliest(ctx context.Context, service *process, r gin.RouteInfo) (most time.Duration, by string, err error) {
	for _, w := range worstRequests() {
		if w.body != "" && r.Method == http.MethodGet {
			continue
		}
		before := service.cpu()
		for range strangerRepeats {
			if err := w.send(ctx, service.address, r); err != nil {
				return 0, "", err
			}
		}
		if cost := (service.cpu() - before) / strangerRepeats; cost >= most {
			most, by = cost, w.name
		}
	}
	return most, by, nil
}

// send sends the request as a browser on the portal would.
func (w *worst) send(ctx context.Context, address string, r gin.RouteInfo) error {
	parts := strings.Split(r.Path, "/")
	for i := range parts {
		if strings.HasPrefix(parts[i], ":") || strings.HasPrefix(parts[i], "*") {
			parts[i] = "x"
		}
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, "http://"+address+strings.Join(parts, "/")+"?"+w.query,
		strings.NewReader(w.body))
	if err != nil {
		return err
	}
	const token = "a-token-of-some-length"
	request.AddCookie(&http.Cookie{Name: auth.CSRFCookie, Value: token}) //nolint:gosec // G124: a cookie that is sent, not set
	request.Header.Set(auth.CSRFHeader, token)
	if w.kind != "" {
		request.Header.Set("Content-Type", w.kind)
	}
	if w.authorization != "" {
		request.Header.Set("Authorization", w.authorization)
	}
	answer, err := strangerClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

var strangerClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
