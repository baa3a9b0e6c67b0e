package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/strictjson"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// bind decodes the body, JSON or a form, into the request and returns its JSON.
func bind(c *gin.Context, into any) ([]byte, error) {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return nil, err
	}
	body, err := objectOf(c, into, bodyTypes()...)
	if err != nil {
		return nil, err
	}
	if err := strictjson.Decode(body, into); err != nil {
		return body, err
	}
	text.Members(into)
	return body, nil
}

// bindOptional is bind for requests whose body is optional.
func bindOptional(c *gin.Context, into any) ([]byte, error) {
	if c.Request.ContentLength == 0 {
		return nil, httpx.NewQuery(c.Request).Err()
	}
	return bind(c, into)
}

// blank returns the settings that a replacement starts from: those of a new
// object, except that a service account keeps its owner and what only staff set.
func blank[S any](current S) S {
	var settings S
	switch s := any(&settings).(type) {
	case *client.KeySettings:
		s.AllowedNetworks = []string{}
	case *client.ServiceAccountSettings:
		was := any(current).(client.ServiceAccountSettings)
		s.Scopes, s.AllowedNetworks = []string{}, []string{}
		s.Tier, s.RateLimit, s.Quota, s.ExternalID, s.OwnerID = was.Tier, was.RateLimit, was.Quota, was.ExternalID, was.OwnerID
	case *client.TierSettings:
		s.MaxKeys = keys.DefaultMaxKeys
	}
	return settings
}

// replace returns an edit that replaces an object's settings with those of the
// request.
func replace[S any](c *gin.Context) (func(S) (S, error), error) {
	var checked S
	body, err := bind(c, &checked)
	if err != nil {
		return nil, err
	}
	return func(current S) (S, error) {
		changed := blank(current)
		err := strictjson.Decode(body, &changed)
		text.Members(&changed)
		return changed, err
	}, nil
}

// merge returns an edit that applies the request's JSON merge patch (RFC 7396) to
// an object's settings or, for PUT, replaces them.
func merge[S any](c *gin.Context) (func(S) (S, error), error) {
	if c.Request.Method == http.MethodPut {
		return replace[S](c)
	}
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return nil, err
	}
	var settings S
	patch, err := objectOf(c, &settings, append([]string{patchType}, bodyTypes()...)...)
	if err != nil {
		return nil, err
	}
	if err := strictjson.Known(patch, &settings); err != nil {
		return nil, err
	}
	return func(current S) (changed S, err error) {
		document, err := json.Marshal(current)
		if err != nil {
			return changed, fmt.Errorf("encode the object to patch: %w", err)
		}
		merged, err := strictjson.Merge(document, patch)
		if err != nil {
			return changed, fmt.Errorf("merge the patch: %w", err)
		}
		if err := strictjson.Decode(merged, &changed); err != nil {
			return changed, err
		}
		text.Members(&changed)
		return changed, nil
	}, nil
}

// edit turns an edit of wire settings into one of the domain's fields.
func edit[S, F any](change func(S) (S, error), out func(F) S, in func(S) F) func(F) (F, error) {
	return func(current F) (F, error) {
		changed, err := change(out(current))
		if err != nil {
			return current, err
		}
		return in(changed), nil
	}
}

// revision reads the revision that If-Match requires.
func revision(c *gin.Context) (int64, error) {
	tag := strings.TrimSpace(c.GetHeader("If-Match"))
	if tag == "" || tag == "*" {
		return keys.AnyRevision, nil
	}
	n, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || n < 1 || tag != etag(n) {
		return 0, errs.New(errs.Stale, "if_match_invalid")
	}
	return n, nil
}

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// show answers an object with its ETag.
func show(c *gin.Context, status int, revision int64, body any) error {
	c.Header("ETag", etag(revision))
	return answer(c, status, body)
}

func answer(c *gin.Context, status int, body any) error {
	text, err := written(c, body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	c.Data(status, jsonType, text)
	return nil
}

// created answers a new object and its location.
func created(c *gin.Context, location string, revision int64, body any) error {
	c.Header("Location", location)
	return show(c, http.StatusCreated, revision, body)
}

// condition reads If-Match from a request without query or body.
func condition(c *gin.Context) (int64, error) {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return 0, err
	}
	return revision(c)
}

func deleted(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// object says how to make the object of a POST, and how a repeat finds it.
type object[T any] struct {
	newID  func() string
	perTry bool // each try has its own id; see idempotency.Request
	make   func(context.Context, *idempotency.Try) (T, error)
	find   func(ctx context.Context, id string) (T, error)
}

// withID adapts make, which takes an id, to a try; without a try the id is "",
// which means any.
func withID[T any](make func(ctx context.Context, id string) (T, error)) func(context.Context, *idempotency.Try) (T, error) {
	return func(ctx context.Context, t *idempotency.Try) (T, error) {
		if t == nil {
			return make(ctx, "")
		}
		return make(ctx, t.Begin())
	}
}

// once makes an object, or returns what an earlier request with the same
// Idempotency-Key made.
func once[T any](keeper *idempotency.Keeper, c *gin.Context, body []byte, o object[T]) (T, error) {
	ctx, given := c.Request.Context(), c.GetHeader("Idempotency-Key")
	if given == "" {
		return o.make(ctx, nil)
	}
	made, repeated, err := idempotency.Once(ctx, keeper, idempotency.Request{
		Principal: principal(c).ID(), Operation: c.Request.Method + " " + strings.TrimSuffix(c.Request.URL.Path, "/"),
		Key: given, Body: body, NewID: o.newID, PerTry: o.perTry,
	}, o.find, o.make)
	if err == nil && repeated {
		c.Header("Idempotent-Replayed", "true")
	}
	return made, err
}

// Bounds of a page.
const (
	standardLimit = 50
	mostLimit     = 200
)

var cursorShape = regexp.MustCompile(`^[a-z0-9_:.-]{1,200}$`)

// page reads limit and cursor.
func page(q *httpx.Query) keys.Page {
	p := keys.Page{Limit: int(q.Whole("limit", standardLimit, 1, mostLimit))}
	cursor := q.Text("cursor")
	if cursor == "" {
		return p
	}
	after, err := parseCursor(cursor)
	if err != nil {
		q.Fault("cursor", "cursor_invalid")
	}
	p.After = after
	return p
}

func formatCursor(after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("1" + after))
}

func parseCursor(cursor string) (string, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	// The decoder skips line breaks, so compare the text with what we write.
	if err != nil || len(b) < 2 || !cursorShape.Match(b[1:]) || formatCursor(string(b[1:])) != cursor {
		return "", errors.New("must be the next_cursor of an earlier answer")
	}
	return string(b[1:]), nil
}

// list answers one page. It asks find for one object more than the page shows, to
// learn whether there is a next page.
func list[T, W any](c *gin.Context, q *httpx.Query, find func(keys.Page) ([]T, error), wire func(*T) W, id func(*T) string) error {
	p := page(q)
	if err := q.Err(); err != nil {
		return err
	}
	found, err := find(keys.Page{After: p.After, Limit: p.Limit + 1})
	if err != nil {
		return err
	}
	out := client.List[W]{Items: make([]W, 0, len(found))}
	if len(found) > p.Limit {
		found = found[:p.Limit]
		next := formatCursor(id(&found[p.Limit-1]))
		out.NextCursor = &next
	}
	for i := range found {
		out.Items = append(out.Items, wire(&found[i]))
	}
	return answer(c, http.StatusOK, out)
}
