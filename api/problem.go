package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/internal/verdicts"
)

// statusGivenUp is the status logged when the client did not wait for the answer;
// nginx uses the same one.
const statusGivenUp = 499

const problemType = "application/problem+json"

// Problems maps every code that a problem can carry to its status. Verification
// codes are not included.
func Problems() map[string]int {
	return map[string]int{
		string(errs.Invalid): 400, string(errs.Unauthenticated): 401, "authentication_failed": 401,
		auth.CodeRequired: 401, NoActiveAccount: 401, auth.TokenNotValid: 401,
		string(errs.Forbidden): 403, "csrf_failed": 403, string(errs.NotFound): 404, "method_not_allowed": 405,
		string(errs.Conflict): 409, "too_many_keys": 409, "idempotency_key_reused": 409, "idempotency_key_in_use": 409,
		string(errs.NotAcceptable): 406, string(errs.Stale): 412, string(errs.TooLarge): 413, string(errs.Unsupported): 415,
		string(errs.Limited): 429, "throttled": 429, httpx.InternalCode: 500, string(errs.Unavailable): 503,
	}
}

// render answers an error as a problem (RFC 9457).
func (a *API) render(c *gin.Context, err error) {
	a.renderAs(c, err, c.Writer.Header().Get(httpx.RequestIDHeader))
}

// renderHot is render for the hot path, where a request gets an id only when
// something is wrong.
func (a *API) renderHot(c *gin.Context, err error) {
	id := a.Edge.RequestID(c.Request)
	c.Header(httpx.RequestIDHeader, id)
	a.renderAs(c, err, id)
}

func (a *API) renderAs(c *gin.Context, err error, requestID string) {
	if c.Request.Context().Err() != nil {
		c.Status(statusGivenUp)
		return
	}
	status, public := httpx.Public(overtaken(c.Request, err))
	a.Edge.Log(c, status, err, requestID)
	if status == http.StatusUnauthorized {
		a.challenge(c)
	}
	if public.Scope != "" && principal(c).Kind != auth.UserKind { // people have roles, not scopes
		c.Header("WWW-Authenticate", insufficient(public.Scope))
	}
	p := fault(c.Writer.Header(), status, public, requestID, spoken(c))
	if signsIn(c.FullPath()) {
		writeProblem(c, &p, fieldMembers(p.Errors))
		return
	}
	writeProblem(c, &p, nil)
}

// fault returns the problem for an error, and writes the header that goes with
// it.
func fault(into http.Header, status int, public *errs.Error, requestID string, in *texts.Catalogue) client.Problem {
	if public.RetryAfter > 0 {
		into.Set("Retry-After", strconv.FormatInt(verdicts.WholeSeconds(public.RetryAfter), 10))
	}
	p := problem(status, httpx.Code(public), public.Text.In(in), requestID)
	for _, f := range public.Fields {
		p.Errors = append(p.Errors, client.FieldError{Field: f.Name, Code: f.Code, Detail: f.In(in)})
	}
	return p
}

// overtaken turns a stale revision into a conflict if the client sent no
// If-Match: 412 is only for a condition that the client set.
func overtaken(r *http.Request, err error) error {
	if errors.Is(err, errs.Stale) && r.Header.Get("If-Match") == "" {
		return errs.New(errs.Conflict, "changed_meanwhile")
	}
	return err
}

// signsIn reports whether clients of Django REST Framework or SimpleJWT sign in
// at this path.
func signsIn(path string) bool {
	switch strings.TrimSuffix(path, "/") {
	case "/api/token", "/api/token/refresh", "/api/token/verify", "/api/token/blacklist", "/api/session", "/api-token-auth", "/api-auth/login":
		return true
	default:
		return false
	}
}

// fieldMembers returns the faults by field name, where those clients look for
// them. Members that every problem has keep their meaning.
func fieldMembers(faults []client.FieldError) map[string][]string {
	members := map[string][]string{}
	for _, f := range faults {
		if !slices.Contains([]string{"type", "title", "status", "detail", "instance", "code", "errors"}, f.Field) {
			members[f.Field] = append(members[f.Field], f.Detail)
		}
	}
	return members
}

func problem(status int, code, detail, requestID string) client.Problem {
	p := client.Problem{
		Type: "urn:latchkey:problem:" + strings.ToLower(code), Title: http.StatusText(status),
		Status: status, Code: code, Detail: detail,
	}
	if requestID != "" {
		p.Instance = "urn:latchkey:request:" + requestID
	}
	return p
}

// writeProblem answers the problem with the extra members.
func writeProblem(c *gin.Context, p *client.Problem, more map[string][]string) {
	c.Data(p.Status, problemType, problemBody(p, more))
}

func problemBody(p *client.Problem, more map[string][]string) []byte {
	body, err := json.Marshal(p)
	if err == nil && len(more) > 0 {
		var extra []byte
		if extra, err = json.Marshal(more); err == nil {
			body = append(append(body[:len(body)-1], ','), extra[1:]...)
		}
	}
	if err != nil {
		return []byte(`{}`)
	}
	return body
}

// NotFound answers requests for paths that do not exist.
func (a *API) NotFound(c *gin.Context) {
	varies(c)
	a.render(c, errs.New(errs.NotFound, "no_route"))
}
