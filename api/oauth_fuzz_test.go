package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth/oauth"
)

// FuzzOAuthForm: what is taken came once, from one place, and is what was sent;
// what is refused is refused in words that RFC 6749 section 5.2 allows.
func FuzzOAuthForm(f *testing.F) {
	f.Add("grant_type=client_credentials&client_id=sa_1&client_secret=lk_live_x", "", formType)
	f.Add("grant_type=client_credentials", "Basic c2FfMTpsa19saXZlX3g=", formType+"; charset=utf-8")
	f.Add("client_id=a&client_id=b", "Basic !!!", formType)
	f.Add("a%zz=1;b", "Basic JTowMDp4", "application/json")
	f.Add("\"\\\x00=%00&é=1&é=2", "Bearer x", formType)
	f.Fuzz(func(t *testing.T, body, authorization, kind string) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", strings.NewReader(body))
		c.Request.Header = http.Header{"Content-Type": {kind}, "Authorization": {authorization}}
		values, in, err := oauthForm(c)
		if err != nil {
			e, ok := errors.AsType[*oauth.Error](err)
			if !ok || e.Description == "" || strings.ContainsFunc(e.Description, func(r rune) bool {
				return r < 0x20 || r > 0x7e || r == '"' || r == '\\'
			}) {
				t.Errorf("refused by %#v", err)
			}
			return
		}
		sent, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("taken is what cannot be read: %v", err)
		}
		for name, all := range sent {
			if len(all) != 1 || values.Get(name) != all[0] {
				t.Errorf("%q was sent as %q and taken as %q", name, all, values[name])
			}
		}
		if in.Basic != (authorization != "") {
			t.Errorf("with the header %q the credentials came by Basic: %t", authorization, in.Basic)
		}
		if in.Basic && sent.Get("client_secret") != "" {
			t.Error("two secrets are taken")
		}
		if !in.Basic && (in.ID != sent.Get("client_id") || in.Secret != sent.Get("client_secret")) {
			t.Errorf("the body says %q, taken is %+v", sent, in)
		}
	})
}
