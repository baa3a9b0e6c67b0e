package httpx_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey/latchkey/internal/httpx"
)

func TestHeadIsGetWithoutContent(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method) })
	server := httptest.NewServer(httpx.Heads(mux))
	t.Cleanup(server.Close)
	for method, want := range map[string]string{http.MethodGet: "GET", http.MethodHead: "", http.MethodPost: "POST"} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || string(body) != want || method == http.MethodHead && answer.ContentLength != 3 {
			t.Errorf("%s is answered %q with the length %d: %v", method, body, answer.ContentLength, err)
		}
	}
}
