package web

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
)

// keptCookie holds a form that was sent after its session ended. It is sealed,
// and kept until the sender signs in again.
const (
	keptCookie  = "latchkey_form"
	keptPurpose = "a form kept over signing in"
	keptLife    = 15 * time.Minute
	keptSize    = 3800 // bytes: browsers keep cookies of 4096
	keptPath    = "/form"
)

// keptForm is a form that was sent, and its path. Until limits its life: browsers
// may keep cookies for longer than they should.
type keptForm struct {
	Path   string
	Values url.Values
	Until  time.Time
}

// signInFirst sends someone who is not signed in to the sign-in page. After that
// they return to the page that they asked for or the form that they sent.
func (p *site) signInFirst(c *gin.Context) error {
	next := c.Request.URL.RequestURI()
	if c.Request.Method != http.MethodGet {
		next = p.keep(c)
	}
	c.Redirect(http.StatusSeeOther, "/login?next="+url.QueryEscape(next))
	return nil
}

// lostPath leads to the notice that a form could not be kept.
const lostPath = "/?done=form_lost"

// keep seals the form into a cookie and returns the path that shows it again. A
// forged form leads to the start page. A form that is too large or holds a secret
// leads to lostPath.
func (p *site) keep(c *gin.Context) string {
	if httpx.Bound(c.Request, httpx.MaxAnonymousBody) != nil {
		return "/"
	}
	values, err := form(c)
	if err != nil || p.CSRF.Check(c.Request) != nil {
		return "/"
	}
	for name := range values {
		if slices.Contains(secretFields, name) && name != "metadata" {
			return lostPath
		}
	}
	values.Del(auth.CSRFField)
	text, err := json.Marshal(keptForm{c.Request.URL.Path, values, time.Now().Add(keptLife)})
	if err != nil {
		return "/"
	}
	sealed, err := p.People.Sealer.Seal(keptPurpose, deflated(text))
	if err != nil || base64.RawURLEncoding.EncodedLen(len(sealed)) > keptSize {
		return lostPath
	}
	p.setKept(c, base64.RawURLEncoding.EncodeToString(sealed), keptLife)
	return keptPath
}

// deflated compresses the text: a note in Chinese takes three bytes a letter, and
// cookies are short.
func deflated(text []byte) []byte {
	var small bytes.Buffer
	w, _ := flate.NewWriter(&small, flate.BestCompression) // fails only for unknown levels
	_, _ = w.Write(text)                                   // a buffer accepts everything
	_ = w.Close()
	return small.Bytes()
}

func (p *site) setKept(c *gin.Context, value string, life time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // G124: Secure if the client uses TLS; a first start has none
		Name: keptCookie, Value: value, Path: keptPath, MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: proxies.ClientOf(c.Request.Context()).Secure, SameSite: http.SameSiteLaxMode,
	})
}

// keptField is one field of a kept form.
type keptField struct{ Name, Value string }

// keptPage shows the kept form and asks whether to send it.
type keptPage struct {
	Path   string
	Fields []keptField
}

func (p *site) showKept(c *gin.Context) error {
	kept, ok := p.opened(c.Request)
	p.setKept(c, "", -time.Second)
	if !ok {
		c.Redirect(http.StatusSeeOther, "/")
		return nil
	}
	out := keptPage{Path: local(kept.Path)}
	for name, all := range kept.Values {
		for _, value := range all {
			out.Fields = append(out.Fields, keptField{name, value})
		}
	}
	slices.SortFunc(out.Fields, func(a, b keptField) int { return strings.Compare(a.Name, b.Name) })
	return p.show(c, http.StatusOK, "form-kept", view{Title: p.say(c, "kept.title"), Data: out})
}

// opened reads the cookie.
func (p *site) opened(r *http.Request) (kept keptForm, ok bool) {
	cookie, err := r.Cookie(keptCookie)
	if err != nil {
		return kept, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return kept, false
	}
	small, err := p.People.Sealer.Open(keptPurpose, sealed)
	if err != nil {
		return kept, false
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(small)), httpx.MaxBody))
	if err != nil || json.Unmarshal(text, &kept) != nil || time.Now().After(kept.Until) {
		return kept, false
	}
	return kept, true
}
