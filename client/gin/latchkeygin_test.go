package latchkeygin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	latchkeygin "github.com/latchkey/latchkey/client/gin"
	"github.com/latchkey/latchkey/client/guard"
)

// reader decides as Latchkey would about a key with the scope invoices:read.
type reader struct{}

func (reader) Verify(_ context.Context, q client.Question) (client.Verdict, error) {
	code := client.CodeValid
	if len(q.Scopes) > 0 && !slices.Equal(q.Scopes, []string{"invoices:read"}) {
		code = client.CodeInsufficientScope
	}
	return client.NewVerdict(
		client.VerifyResponse{Valid: code == client.CodeValid, Code: code, KeyID: "key_1"}, 0,
		client.StaticLimits{"Ratelimit": {`"key";r=9;t=1`}},
	), nil
}

func engine(t testing.TB) *gin.Engine {
	t.Helper()
	g, err := guard.New(guard.Config{Verifier: reader{}})
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	hello := func(c *gin.Context) {
		who, _ := latchkeygin.Identity(c)
		c.String(http.StatusOK, "hello %s", who.KeyID)
	}
	e.GET("/invoices", latchkeygin.Require(g, "invoices:read"), hello)
	e.POST("/invoices", latchkeygin.Require(g, "invoices:write"), hello)
	e.GET("/v2/:what", latchkeygin.RequireFunc(g, func(c *gin.Context) guard.Need {
		return guard.Need{Scopes: []string{c.Param("what") + ":read"}, Public: c.Param("what") == "health"}
	}), hello)
	return e
}

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

func TestRequire(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, tt := range []struct {
		method, path, key string
		status            int
		body              string
	}{
		{"GET", "/invoices", "k", 200, "hello key_1"},
		{"GET", "/invoices", "", 401, ""},
		{"POST", "/invoices", "k", 403, ""},
		{"GET", "/v2/invoices", "k", 200, "hello key_1"},
		{"GET", "/v2/customers", "k", 403, ""},
		{"GET", "/v2/health", "", 200, "hello "},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		if tt.key != "" {
			r.Header.Set("X-API-Key", tt.key)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != tt.status || tt.body != "" && w.Body.String() != tt.body {
			t.Errorf("%s %s with %q: %d %s", tt.method, tt.path, tt.key, w.Code, w.Body)
		}
		if tt.status >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %v", tt.method, tt.path, w.Header())
		}
		if tt.body == "hello key_1" && w.Header().Get("RateLimit") == "" {
			t.Errorf("%s %s has no limits: %v", tt.method, tt.path, w.Header())
		}
	}
}

func Example() {
	g, err := guard.New(guard.Config{Verifier: reader{}}) // a *client.Client
	if err != nil {
		fmt.Println(err)
		return
	}
	e := gin.New()
	e.GET("/invoices", latchkeygin.Require(g, "invoices:read"), func(c *gin.Context) {
		who, _ := latchkeygin.Identity(c)
		c.String(http.StatusOK, "invoices of "+who.KeyID)
	})

	r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
	r.Header.Set("X-API-Key", "lk_live_of_the_caller")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output: 200 invoices of key_1
}
