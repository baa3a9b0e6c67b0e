package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/httpx"
)

// metadata is the answer to OPTIONS, as in Django REST Framework.
type metadata struct {
	Name        string                      `json:"name"`
	Description string                      `json:"description"`
	Renders     []string                    `json:"renders"`
	Parses      []string                    `json:"parses"`
	Actions     map[string]map[string]field `json:"actions,omitempty"`
}

// field describes a member of a request. openapi.yaml says whether it is
// required.
type field struct {
	Type     string           `json:"type"`
	ReadOnly bool             `json:"read_only"`
	Label    string           `json:"label"`
	Child    *field           `json:"child,omitempty"`    // element of a list
	Children map[string]field `json:"children,omitempty"` // members of an object
}

// optionRoutes answer OPTIONS on the paths of the API. They need a credential
// unless one of the path's methods works without.
func optionRoutes(routes []route) []route {
	var paths []string
	for _, r := range routes {
		if isAPI(r.path) && !slices.Contains(paths, r.path) {
			paths = append(paths, r.path)
		}
	}
	all := make([]route, 0, len(paths))
	for _, path := range paths {
		here := slices.DeleteFunc(slices.Clone(routes), func(r route) bool { return r.path != path })
		o := route{method: http.MethodOptions, path: path, permission: auth.IsAuthenticated(), access: guarded}
		if slices.ContainsFunc(here, func(r route) bool { return r.permission.String() == auth.AllowAny().String() }) {
			o.permission = auth.AllowAny()
		}
		if slices.ContainsFunc(here, func(r route) bool { return r.access != guarded }) {
			o.access = open
		}
		o.handle = func(c *gin.Context) error { return options(c, path, here) }
		all = append(all, o)
	}
	return all
}

func options(c *gin.Context, path string, here []route) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	out := metadata{Name: nameOf(path), Renders: []string{jsonType, "text/html"}, Parses: bodyTypes()}
	var needs []string
	for i := range here {
		r := &here[i]
		needs = append(needs, r.method+": "+r.permission.String())
		if r.body == nil || (r.method != http.MethodPost && r.method != http.MethodPut) || !r.permission.Permits(principal(c), r.method) {
			continue
		}
		if out.Actions == nil {
			out.Actions = map[string]map[string]field{}
		}
		out.Actions[r.method] = fieldsFor(reflect.TypeOf(r.body))
	}
	out.Description = strings.Join(needs, "; ")
	return answer(c, http.StatusOK, out)
}

// nameOf returns the name of a path's resource: "Service Account List", "Key
// Instance".
func nameOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	suffix, last := "", parts[len(parts)-1]
	if strings.HasPrefix(last, ":") {
		suffix, last = " Instance", parts[len(parts)-2]
	}
	return label(strings.ReplaceAll(last, "-", "_")) + suffix
}

// label returns the name of a member for people: "Rate Limit".
func label(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

func fieldsFor(t reflect.Type) map[string]field {
	fields := map[string]field{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		one := fieldOf(f.Type)
		one.Label = label(name)
		fields[name] = one
	}
	return fields
}

func fieldOf(t reflect.Type) field {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, described := reflect.New(t).Interface().(interface{ JSONFault() string })
	switch {
	case t == reflect.TypeFor[time.Time]():
		return field{Type: "datetime"}
	case t.Kind() == reflect.String, described && t.Kind() == reflect.Int64:
		return field{Type: "string"}
	case described:
		return field{Type: "field"}
	case t.Kind() == reflect.Bool:
		return field{Type: "boolean"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return field{Type: "integer"}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return field{Type: "list", Child: &field{Type: "string"}}
	case t.Kind() == reflect.Struct:
		return field{Type: "nested object", Children: fieldsFor(t)}
	default:
		return field{Type: "field"}
	}
}
