package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/latchkey/latchkey/client"
)

// latchkey stands in for the service.
func latchkey(answers map[string]string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"1"`)
		answer, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			answer = `{"title":"Not Found","status":404,"code":"not_found","detail":"there is no such key"}`
		}
		_, _ = w.Write([]byte(answer))
	}))
}

func ExampleClient_Verify() {
	service := latchkey(map[string]string{
		"POST /verify": `{"valid":false,"code":"INSUFFICIENT_SCOPE","detail":"the key lacks invoices:write","missing_scopes":["invoices:write"]}`,
	})
	defer service.Close()

	c, err := client.New(client.Config{URL: service.URL, Credential: client.APIKey("lk_live_of_the_verifier")})
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict, err := c.Verify(context.Background(), client.Question{
		Key:     "lk_live_of_the_caller",
		Scopes:  []string{"invoices:write"},
		Address: netip.MustParseAddr("203.0.113.9"),
	})
	switch {
	case err != nil: // nobody has decided: let nobody in
		fmt.Println(err)
	case !verdict.Valid:
		fmt.Println(verdict.Status(), verdict.Code, verdict.MissingScopes)
	default:
		fmt.Println("hello", verdict.ServiceAccount.Name)
	}
	// Output: 403 INSUFFICIENT_SCOPE [invoices:write]
}

func ExampleKeysService_Issue() {
	service := latchkey(map[string]string{
		"POST /api/keys": `{"id":"key_1","name":"CI","environment":"live","key":"lk_live_shown_once"}`,
	})
	defer service.Close()
	c, err := client.New(client.Config{URL: service.URL, Credential: client.UserToken("lk_user_of_an_owner")})
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := c.Keys.Issue(context.Background(), client.CreateKey{
		ServiceAccountID: "sa_1",
		KeySettings:      client.KeySettings{Name: "CI", Scopes: []string{"invoices:read"}},
	})
	fmt.Println(key.ID, key.Secret, err)
	// Output: key_1 lk_live_shown_once <nil>
}

func ExampleKeysService_All() {
	service := latchkey(map[string]string{"GET /api/keys": `{"items":[{"id":"key_1"},{"id":"key_2"}],"next_cursor":null}`})
	defer service.Close()
	c, err := client.New(client.Config{URL: service.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	for key, err := range c.Keys.All(context.Background(), client.KeyFilter{Status: "active"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(key.ID)
	}
	// Output:
	// key_1
	// key_2
}

func ExampleKeysService_Update() {
	service := latchkey(map[string]string{
		"GET /api/keys/key_1":   `{"id":"key_1","name":"CI"}`,
		"PATCH /api/keys/key_1": `{"id":"key_1","name":"nightly"}`,
	})
	defer service.Close()
	c, err := client.New(client.Config{URL: service.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := c.Keys.Get(context.Background(), "key_1")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err = c.Keys.Update(context.Background(), key.ID, client.KeyPatch{
		Name:      client.Set("nightly"),
		RateLimit: client.Null[client.Rule](), // as the tier has it
	}, client.IfMatch(key.ETag))
	fmt.Println(key.Name, err)
	// Output: nightly <nil>
}

func ExampleError() {
	service := latchkey(nil)
	defer service.Close()
	c, err := client.New(client.Config{URL: service.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Keys.Get(context.Background(), "key_1")
	if errors.Is(err, client.NotFound) {
		fmt.Println("no such key")
	}
	var e *client.Error
	if errors.As(err, &e) {
		fmt.Println(e.Status, e.Code, e.Detail)
	}
	// Output:
	// no such key
	// 404 not_found there is no such key
}
