package web_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/verify"
)

// request is what a gateway tells of the request that carried a key.
type request struct{ method, uri string }

// Original implements verify.Original.
func (r request) Original() (method, uri string) { return r.method, r.uri }

// TestAKeysPageShowsWhichRequestsWereRefused as text: whoever has the key chose it.
func TestAKeysPageShowsWhichRequestsWereRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, secret := s.issued(s.organization, "mine")
	for _, original := range []verify.Original{
		request{"GET", "/invoices/" + script + "/\u202egnp.exe?token=s3cret"}, request{"DELETE", "/keys/" + secret}, nil,
	} {
		_, err := s.Verifier.Verify(t.Context(), &verify.Question{Key: secret, Scopes: []string{"users:read"}, Original: original})
		s.must(err)
		s.advance(time.Second)
	}
	s.must(s.Recorder.Flush(t.Context()))
	v := s.signedIn(s.user("ada@example.com", auth.Viewer))
	p := v.get("/keys/" + key.ID)
	v.sees(p, 200, "Request")
	var shown []string
	for _, cell := range regexp.MustCompile(`(?s)<td data-label="Request"[^>]*>(.*?)</td>`).FindAllStringSubmatch(p.body, -1) {
		shown = append(shown, cell[1])
	}
	want := []string{
		"–", "<code>DELETE /keys/…</code>",
		"<code>GET /invoices/&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;/\ufffdgnp.exe</code>",
	}
	if strings.Join(shown, "\n") != strings.Join(want, "\n") || strings.Contains(p.body, script) || strings.Contains(p.body, "s3cret") {
		t.Errorf("the page shows %q, want %q", shown, want)
	}
	v.language = "de"
	if p := v.get("/keys/" + key.ID); strings.Count(p.body, `data-label="Anfrage"`) != len(want) {
		t.Error("the column has no German name")
	}
}
