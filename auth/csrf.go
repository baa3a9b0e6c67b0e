package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/text"
)

// The names that clients of Django use for its CSRF token.
const (
	CSRFCookie = "csrftoken"
	CSRFHeader = "X-CSRFToken"
	CSRFField  = "csrfmiddlewaretoken"
)

const (
	csrfMaxLength  = 128
	csrfMaxAge     = 365 * 24 * 60 * 60 // seconds, as in Django
	formBytes      = 1 << 20
	multipartStart = 64 << 10 // bytes of a multipart form, with its token
)

// CSRF refuses modifying requests that another site made a browser send. The
// request must repeat the cookie's token, which other sites cannot read, in a
// header or form field, and the browser must not mark the request as cross-site.
type CSRF struct{ origin *http.CrossOriginProtection }

// NewCSRF returns a CSRF.
func NewCSRF() *CSRF { return &CSRF{origin: http.NewCrossOriginProtection()} }

// Token returns the token for forms, and sets its cookie if the browser has none.
func (c *CSRF) Token(w http.ResponseWriter, r *http.Request) string {
	if cookie, err := r.Cookie(CSRFCookie); err == nil && validToken(cookie.Value) {
		return cookie.Value
	}
	return c.Renew(w, r)
}

// Renew gives the browser a new token, as at sign-in.
func (c *CSRF) Renew(w http.ResponseWriter, r *http.Request) string {
	token := rand.Text()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: scripts of our own pages send it in a header, so it is not HttpOnly
		Name: CSRFCookie, Value: token, Path: "/", MaxAge: csrfMaxAge,
		Secure: proxies.ClientOf(r.Context()).Secure, SameSite: http.SameSiteLaxMode,
	})
	return token
}

func validToken(t string) bool { return len(t) >= 16 && len(t) <= csrfMaxLength }

// Check returns nil, or an error with the code csrf_failed that says what is
// missing. Requests that modify nothing always pass.
func (c *CSRF) Check(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if err := c.CheckOrigin(r); err != nil {
		return err
	}
	cookie, err := r.Cookie(CSRFCookie)
	if err != nil || !validToken(cookie.Value) {
		return refuseCSRF("cookie_missing", "cookie", CSRFCookie)
	}
	sent := r.Header.Get(CSRFHeader)
	if sent == "" {
		sent = formToken(r)
	}
	if sent == "" {
		return refuseCSRF("token_not_repeated", "cookie", CSRFCookie, "header", CSRFHeader, "field", CSRFField)
	}
	if subtle.ConstantTimeCompare([]byte(sent), []byte(cookie.Value)) != 1 {
		return refuseCSRF("token_differs", "cookie", CSRFCookie)
	}
	return nil
}

// CheckOrigin is the part of Check that needs no token, for requests that a form
// of another site cannot send.
func (c *CSRF) CheckOrigin(r *http.Request) error {
	if err := c.origin.Check(r); err != nil {
		return refuseCSRF("other_site")
	}
	return nil
}

// formToken returns the token from a form body, and leaves the body readable.
func formToken(r *http.Request) string {
	if r.PostForm != nil { // the form was already read
		return r.PostForm.Get(CSRFField)
	}
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || (kind != "application/x-www-form-urlencoded" && kind != "multipart/form-data") {
		return ""
	}
	if kind == "multipart/form-data" {
		return tokenBefore(r, parameters["boundary"])
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, formBytes))
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	values, err := text.Fields(body)
	if err != nil {
		return ""
	}
	return values.Get(CSRFField)
}

// tokenBefore returns the token from the start of a multipart form, which may go on with
// a long file.
func tokenBefore(r *http.Request, boundary string) string {
	start, err := io.ReadAll(io.LimitReader(r.Body, multipartStart))
	if err != nil {
		return ""
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), r.Body), r.Body}
	return partOf(start, boundary, CSRFField)
}

// partOf returns a field of a multipart form. It only looks at the first parts,
// where templates put the token.
func partOf(body []byte, boundary, name string) string {
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for range text.MostFields {
		part, err := parts.NextRawPart()
		if err != nil {
			return ""
		}
		if part.FormName() == name {
			value, _ := io.ReadAll(io.LimitReader(part, csrfMaxLength))
			return string(value)
		}
	}
	return ""
}

func refuseCSRF(text string, args ...any) error {
	return errs.WithCode(errs.Forbidden, "csrf_failed", text, args...)
}
