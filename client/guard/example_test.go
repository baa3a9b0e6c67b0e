package guard_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/client/guard"
)

func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"valid":true,"code":"VALID","key_id":"key_1","organization_id":"org_1","scopes":["invoices:read"]}`))
	}))
	defer service.Close()

	c, err := client.New(client.Config{URL: service.URL, Credential: client.APIKey("lk_live_of_the_verifier")})
	if err != nil {
		log.Fatal(err)
	}
	g, err := guard.New(guard.Config{Verifier: c})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /invoices", g.Require("invoices:read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := guard.Identity(r.Context())
		_, _ = fmt.Fprintln(w, "invoices of", who.OrganizationID)
	})))

	r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
	r.Header.Set("X-API-Key", "lk_live_of_the_caller")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)

	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/invoices", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output:
	// 200 invoices of org_1
	// 401 Bearer realm="api"
}
