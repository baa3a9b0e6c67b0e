package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
)

// methodOrder is the order of methods in Allow, as in Django REST Framework.
func methodOrder() []string {
	return []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
}

// allowed maps each path to its methods as Allow lists them: HEAD wherever there
// is GET, and OPTIONS under /api/.
func allowed(routes []route) map[string]string {
	taken := map[string][]string{}
	for _, r := range routes {
		taken[r.path] = append(taken[r.path], r.method)
	}
	texts := make(map[string]string, len(taken))
	for path, methods := range taken {
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
		}
		if isAPI(path) {
			methods = append(methods, http.MethodOptions)
		}
		slices.SortFunc(methods, func(a, b string) int { return slices.Index(methodOrder(), a) - slices.Index(methodOrder(), b) })
		texts[path] = strings.Join(methods, ", ")
	}
	return texts
}

// allow returns the methods of the path, or "" if the path is not in the API.
func (a *API) allow(path string) string {
	path = strings.TrimSuffix(path, "/")
	if text, exact := a.methods[path]; exact {
		return text
	}
	asked := strings.Split(path, "/")
	for pattern, text := range a.methods {
		if matches(strings.Split(pattern, "/"), asked) {
			return text
		}
	}
	return ""
}

func matches(pattern, path []string) bool {
	return slices.EqualFunc(pattern, path, func(p, part string) bool {
		return p == part || (strings.HasPrefix(p, ":") && part != "")
	})
}

// mountShadowed keeps requests for a path such as /api/keys/find away from the
// handlers of /api/keys/:id if the path does not take their method.
func (a *API) mountShadowed(g *gin.RouterGroup) {
	for path := range a.methods {
		for _, r := range a.table {
			if r.path != path && !strings.Contains(path, ":") && matches(strings.Split(r.path, "/"), strings.Split(path, "/")) &&
				!slices.Contains(strings.Split(a.methods[path], ", "), r.method) {
				both(g, r.method, path, a.MethodNotAllowed)
			}
		}
	}
}

// speak chooses the format of the answer: from ?format=, which it removes from
// the request, and from Accept.
func speak(c *gin.Context) error {
	takeFormat(c)
	given := strings.Join(c.Request.Header.Values("Accept"), ",")
	if strings.TrimSpace(given) == "" {
		return nil
	}
	for text := range strings.SplitSeq(given, ",") {
		kind, parameters, err := mime.ParseMediaType(text)
		if err != nil || parameters["q"] == "0" {
			continue
		}
		switch kind {
		case jsonType:
			if n, err := strconv.Atoi(parameters["indent"]); err == nil {
				c.Set(indentKey, min(max(n, 0), maxIndent))
			}
			return nil
		case "*/*", "application/*", problemType, "text/html", "text/*", csvType, linesType, oldLinesType:
			return nil
		}
	}
	return errs.New(errs.NotAcceptable, "accept_impossible", "type", jsonType)
}

const (
	indentKey = "indent"
	maxIndent = 8
)

// takeFormat reads ?format=json, which clients of Django REST Framework send. It
// leaves other formats to the routes that support them.
func takeFormat(c *gin.Context) {
	if !strings.Contains(c.Request.URL.RawQuery, "format=") {
		return
	}
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil || len(values["format"]) != 1 || values.Get("format") != "json" {
		return // the route reports the error
	}
	values.Del("format")
	asked := *c.Request.URL
	asked.RawQuery = values.Encode()
	c.Request.URL = &asked
	c.Request.Header.Set("Accept", jsonType)
}

// written returns the body as JSON, formatted as the client asked.
func written(c *gin.Context, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	n := c.GetInt(indentKey)
	if err != nil || n == 0 {
		return text, err
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, text, "", strings.Repeat(" ", n))
	return indented.Bytes(), err
}

// challenge lists the accepted schemes for an unauthenticated client. It does not
// offer Basic to scripts of a page, because the browser would open its own
// dialog. It marks an invalid Bearer token (RFC 6750 section 3).
func (a *API) challenge(c *gin.Context) {
	script := c.GetHeader("X-Requested-With") != "" || c.GetHeader("Sec-Fetch-Mode") == "cors" || c.GetHeader("Sec-Fetch-Dest") == "empty"
	scheme, _, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	for _, text := range a.Chain.Challenges() {
		if script && strings.HasPrefix(text, "Basic") {
			continue
		}
		if strings.HasPrefix(text, "Bearer") && strings.EqualFold(scheme, "Bearer") {
			text += `, error="invalid_token"`
		}
		c.Writer.Header().Add("WWW-Authenticate", text)
	}
}

// NoMethod answers requests whose method has no route. /verify takes any method.
func (a *API) NoMethod(c *gin.Context) {
	if isVerify(c.Request.URL.Path) {
		c.Writer.Header().Del("Allow") // set by the engine
		a.verify(c)
		return
	}
	a.MethodNotAllowed(c)
}

// MethodNotAllowed answers requests with a method that the path does not take.
func (a *API) MethodNotAllowed(c *gin.Context) {
	text := a.allow(c.Request.URL.Path)
	if text == "" { // a page of the portal, or /verify
		text = c.Writer.Header().Get("Allow")
	}
	c.Header("Allow", text)
	if isAPI(c.Request.URL.Path) {
		varies(c)
		spoken(c)
	}
	p := problem(http.StatusMethodNotAllowed, "method_not_allowed", "this path takes "+text, c.Writer.Header().Get(httpx.RequestIDHeader))
	writeProblem(c, &p, nil)
}
