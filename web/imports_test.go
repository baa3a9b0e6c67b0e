package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/imports"
)

// uploads posts the form of an upload, with its fields before its file.
func (v *visitor) uploads(fields url.Values, file, content string) page {
	v.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range []string{auth.CSRFField, "format", "organization", "tier", "scopes", "accept_weak", "dry_run"} {
		if fields.Has(name) {
			v.must(w.WriteField(name, fields.Get(name)))
		}
	}
	part, err := w.CreateFormFile("file", file)
	v.must(err)
	_, err = part.Write([]byte(content))
	v.must(err)
	v.must(w.Close())
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.base+"/provider/imports", &b)
	v.must(err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return v.send(r)
}

// TestUploadOnItsPage imports a file that is longer than other forms may be.
func TestUploadOnItsPage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	v := s.signedIn(s.admin("staff@example.com"))
	v.sees(v.get("/provider/imports"), http.StatusOK, "No imports yet")
	var rows strings.Builder
	for i := range 3 {
		fmt.Fprintf(&rows, `{"id":"%d","owner_id":"customer","key":"iwb6Djkk4HhUlOCmLilDIKh6nZrn90t%d","scopes":["read"]}`+"\n", i, i)
	}
	rows.WriteString(`{"id":"<b>"}` + "\n" + strings.Repeat("\n", 2<<20))
	v.get("/provider/imports")
	token := v.cookie(auth.CSRFCookie)
	fields := url.Values{auth.CSRFField: {token}, "format": {"jsonl"}, "organization": {" Acme "}, "tier": {"free"}}
	p := v.uploads(fields, "keys.jsonl", rows.String())
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/provider/imports/imp_") {
		t.Fatalf("%d %s", p.status, text(p.body))
	}
	for range 600 {
		n, err := s.Imports.Import(t.Context(), auth.System(), strings.TrimPrefix(p.location, "/provider/imports/"))
		s.must(err)
		if n.State == imports.Done {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	shown := v.get(p.location)
	for _, what := range []string{"keys.jsonl:4", "&lt;b&gt;", "has neither a key", "api:read", "Acme", "staff@example.com"} {
		v.sees(shown, http.StatusOK, what)
	}
	if shown.header.Get("Refresh") != "" {
		t.Error("the page of an import that is done refreshes itself")
	}
	v.sees(v.get("/provider/imports"), http.StatusOK, "keys.jsonl")
	v.sees(v.get("/provider/imports/in-use"), http.StatusOK, "customer")
	v.sees(v.get("/provider/imports/"+imports.NewID()), http.StatusNotFound, "no such import")
}

// TestUploadThatIsWrong shows the form again.
func TestUploadThatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	v := s.signedIn(s.admin("staff@example.com"))
	v.get("/provider/imports")
	token := v.cookie(auth.CSRFCookie)
	for what, fields := range map[string]url.Values{
		"must be one of":       {"format": {"yaml"}},
		"no such tier":         {"format": {"csv"}, "tier": {"gold"}},
		"no such organization": {"format": {"csv"}, "organization": {"org_01a20bfc26a07153866374d62b9aee99"}},
		"no such scope":        {"format": {"csv"}, "scopes": {"nothing:here, other:one"}},
	} {
		fields.Set(auth.CSRFField, token)
		v.sees(v.uploads(fields, "keys.csv", "id,key\n"), http.StatusUnprocessableEntity, what)
	}
	v.sees(v.uploads(url.Values{auth.CSRFField: {token}, "format": {"csv"}}, "", ""), http.StatusUnprocessableEntity, "choose a file")
	for _, wrong := range []string{"", "0123456789abcdef0123456789"} {
		fields := url.Values{"format": {"csv"}}
		if wrong != "" {
			fields.Set(auth.CSRFField, wrong)
		}
		if p := v.uploads(fields, "keys.csv", "id,key\n"); p.status != http.StatusForbidden {
			t.Errorf("with the token %q: %d", wrong, p.status)
		}
	}
}
