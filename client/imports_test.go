package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

func TestImportsCreate(t *testing.T) {
	t.Parallel()
	var body string
	a := serve(t, client.Config{Credential: client.APIKey("lk_live_v")}, echo(&body, reply(202, `{"id":"imp_1","state":"running"}`)))
	n, err := a.Imports.Create(t.Context(), strings.NewReader("id,key\n"), client.CreateImport{
		Format: "csv", Organization: "Acme", Scopes: []string{"a:b", "c:d"}, DryRun: true,
	})
	if err != nil || n.ID != "imp_1" || n.State != client.ImportRunning || body != "id,key\n" {
		t.Errorf("%+v, %v, sent %q", n, err, body)
	}
	r := a.requests[0]
	if r.URL.RawQuery != "dry_run=true&format=csv&organization=Acme&scopes=a%3Ab%2Cc%3Ad" || r.Header.Get("Content-Type") != "text/csv" ||
		r.Header.Get("X-Api-Key") != "lk_live_v" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
}

// An upload is not sent again: its reader is at the end.
func TestImportsCreateFails(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, problem(503, "unavailable", "Retry-After", "1"), reply(202, `{}`))
	_, err := a.Imports.Create(t.Context(), strings.NewReader("{}\n"), client.CreateImport{})
	fails(t, err, client.Unavailable)
	if _, err := a.Imports.Create(t.Context(), nil, client.CreateImport{}); !errors.Is(err, client.Misused) || a.times() != 1 {
		t.Errorf("sent %d times, %v", a.times(), err)
	}
	if err := a.Imports.Export(t.Context(), nil, false); !errors.Is(err, client.Misused) {
		t.Error(err)
	}
	_, err = a.Imports.Create(t.Context(), io.MultiReader(strings.NewReader("{}\n"), broken{}), client.CreateImport{})
	if err == nil {
		t.Error("a file that cannot be read is sent")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is broken") }

func TestExport(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{MaxBody: 10}, reply(200, strings.Repeat("x", 1000), "Content-Type", "application/jsonl"))
	var out bytes.Buffer
	if err := a.Imports.Export(t.Context(), &out, true); err != nil || out.Len() != 1000 || a.requests[0].URL.RawQuery != "hashes=true" {
		t.Errorf("%d bytes, %v, %s", out.Len(), err, a.requests[0].URL)
	}
	for kind, respond := range map[client.Kind]http.HandlerFunc{
		client.Forbidden: problem(403, "permission_denied"),
		client.BadAnswer: reply(200, "<html>", "Content-Type", "text/html"),
		client.Broken: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jsonl")
			_, _ = io.WriteString(w, "{}\n")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		out.Reset()
		fails(t, serve(t, client.Config{}, respond).Imports.Export(t.Context(), &out, false), kind)
	}
}
