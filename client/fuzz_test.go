package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// canned answers every request the same.
type canned struct {
	status                              int
	contentType, retryAfter, code, body string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status, Request: r, ContentLength: -1, Body: io.NopCloser(bytes.NewReader([]byte(c.body))),
		Header: http.Header{"Content-Type": {c.contentType}, "Retry-After": {c.retryAfter}, "X-Latchkey-Code": {c.code}},
	}, nil
}

// FuzzAnswers holds that no answer makes the client panic, say VALID where no
// verdict says so, or fail in a way that is not its own.
func FuzzAnswers(f *testing.F) {
	f.Add(200, "application/json", "", "VALID", verdict)
	f.Add(401, "application/problem+json", "", "REVOKED", `{"title":"Unauthorized","status":401,"code":"REVOKED","detail":"why"}`)
	f.Add(429, "application/problem+json; charset=utf-8", "Sun, 29 Nov 2026 15:00:00 GMT", "", `{"code":"throttled","errors":[{"field":"a"}]}`)
	f.Add(502, "text/html", "99999999999999999999", "", "<html>")
	f.Add(400, "application/json", "-1", "", `{"error":"invalid_client"}`)
	f.Fuzz(func(t *testing.T, status int, contentType, retryAfter, code, body string) {
		c, err := client.New(client.Config{
			URL: "https://keys.example.com", Retries: -1, MaxBody: 1000, Credential: client.APIKey(secretKey),
			HTTPClient: &http.Client{Transport: canned{status, contentType, retryAfter, code, body}},
		})
		if err != nil {
			t.Fatal(err)
		}
		asked, err := c.Verify(t.Context(), client.Question{Key: secretKey})
		own(t, err)
		if asked.Valid && (err != nil || status != 200 || asked.Code != client.CodeValid || !strings.Contains(body, "true")) {
			t.Errorf("%+v, %v", asked, err)
		}
		self, err := c.VerifySelf(t.Context(), client.Optional[int64]{})
		own(t, err)
		if self.Valid && (code != client.CodeValid || status != 200 || !strings.Contains(body, "true")) {
			t.Errorf("%+v, %v", self, err)
		}
		_, err = c.Keys.Issue(t.Context(), client.CreateKey{})
		own(t, err)
		for _, err := range c.Keys.All(t.Context(), client.KeyFilter{}) {
			own(t, err)
			if err == nil {
				break
			}
		}
	})
}

// own checks that the error is the client's.
func own(t *testing.T, err error) {
	t.Helper()
	var e *client.Error
	if err != nil && (!errors.As(err, &e) || e.Kind == "" || e.RetryAfter < 0) {
		t.Errorf("got %#v", err)
	}
}
