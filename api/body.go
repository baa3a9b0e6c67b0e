package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/strictjson"
	"github.com/latchkey/latchkey/internal/text"
)

// Media types of bodies.
const (
	jsonType      = "application/json"
	patchType     = "application/merge-patch+json"
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// bodyTypes are the types accepted wherever JSON is, as in Django REST Framework.
func bodyTypes() []string { return []string{jsonType, formType, multipartType} }

// formKind returns the media type of a form body and its parameters, or "" if the
// body is not a form.
func formKind(r *http.Request) (string, map[string]string) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || (kind != formType && kind != multipartType) {
		return "", nil
	}
	return kind, parameters
}

// objectOf returns the body as a JSON object. A form is converted to JSON for the
// struct that into points to.
func objectOf(c *gin.Context, into any, types ...string) ([]byte, error) {
	body, err := httpx.Body(c.Request, types...)
	if err != nil {
		return nil, err
	}
	kind, parameters := formKind(c.Request)
	var values url.Values
	switch kind {
	case formType:
		values, err = text.Fields(body)
	case multipartType:
		values, err = parseParts(body, parameters["boundary"])
	default:
		if mangles(into) {
			body = mangled(body)
		}
		return body, nil
	}
	if err != nil {
		return nil, err
	}
	delete(values, auth.CSRFField)
	if mangles(into) {
		for _, all := range values {
			for i := range all {
				all[i] = strings.ToValidUTF8(all[i], "\ufffd")
			}
		}
	}
	return strictjson.FromForm(values, into)
}

// mangles reports whether to replace invalid UTF-8 with U+FFFD, which notes leave
// out, instead of refusing the request: a bad note must not stop a revocation.
func mangles(into any) bool {
	switch into.(type) {
	case *client.RevokeKey, *client.CreateIncident:
		return true
	default:
		return false
	}
}

// mangled returns the JSON with invalid UTF-8 replaced. Bytes that are not JSON
// stay as they are and are refused later.
func mangled(body []byte) []byte {
	text, _ := jsontext.AppendFormat(nil, body, jsontext.AllowInvalidUTF8(true))
	return text
}

// parseParts reads the fields of a multipart form. No request takes a file.
func parseParts(body []byte, boundary string) (url.Values, error) {
	broken := errs.New(errs.Invalid, "multipart_boundary")
	if boundary == "" || !bytes.Contains(body, []byte("--"+boundary+"--")) {
		return nil, broken
	}
	values := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for range text.MostFields + 1 {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil || part.FormName() == "" {
			return nil, broken
		}
		var f errs.Faults
		f.Check(part.FileName() == "", httpx.Shown(part.FormName()), "not_a_file")
		if err := f.Err(); err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, broken
		}
		values.Add(part.FormName(), string(content))
	}
	return nil, text.ErrManyFields
}

// formBody reads a form in which no field repeats.
func formBody(c *gin.Context) (url.Values, error) {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return nil, err
	}
	body, err := httpx.Body(c.Request, formType)
	if err != nil {
		return nil, err
	}
	values, err := text.Fields(body)
	if err != nil {
		return nil, err
	}
	var f errs.Faults
	for name, all := range values {
		f.Check(len(all) == 1, httpx.Shown(name), "given_twice")
	}
	return values, f.Err()
}

// checkForm refuses a form that another site made a browser send. Unlike JSON, a
// form needs no CORS preflight, and the browser adds Basic passwords and client
// certificates by itself.
func (a *API) checkForm(r *http.Request) error {
	if kind, _ := formKind(r); kind == "" || !isAPI(r.URL.Path) || slices.Contains([]string{http.MethodGet, http.MethodHead}, r.Method) {
		return nil
	}
	return a.CSRF.CheckOrigin(r)
}
