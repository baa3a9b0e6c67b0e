package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

// What would be ignored, or written into a URL, is refused before anything is
// sent.
func TestMisuseIsNotSent(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, reply(200, `{"items":[]}`))
	var unread client.Key // out of a list, so that it has no ETag
	for name, do := range map[string]func(ctx context.Context) error{
		"an ETag that is empty": func(ctx context.Context) error {
			_, err := a.Keys.Update(ctx, "key_1", client.KeyPatch{}, client.IfMatch(unread.ETag))
			return err
		},
		"an ETag of what is not there yet": func(ctx context.Context) error {
			_, err := a.Keys.Issue(ctx, client.CreateKey{}, client.IfMatch(`"1"`))
			return err
		},
		"an Idempotency-Key that is empty": func(ctx context.Context) error {
			_, err := a.Keys.Issue(ctx, client.CreateKey{}, client.IdempotencyKey(""))
			return err
		},
		"an Idempotency-Key that nobody reads": func(ctx context.Context) error {
			_, err := a.Keys.Revoke(ctx, "key_1", client.RevokeKey{}, client.IdempotencyKey("once"))
			return err
		},
		"a header in a header": func(ctx context.Context) error {
			return a.Keys.Delete(ctx, "key_1", client.IfMatch("\"1\"\r\nX-API-Key: x"))
		},
		"a secret as an id": func(ctx context.Context) error { return a.Keys.Delete(ctx, secretKey) },
		"a secret in a query": func(ctx context.Context) error {
			_, err := a.Keys.List(ctx, client.KeyFilter{Text: " " + secretKey})
			return err
		},
		"a collection for an id":   func(ctx context.Context) error { return a.Keys.Delete(ctx, "") },
		"the path above for an id": func(ctx context.Context) error { return a.Keys.Delete(ctx, "..") },
	} {
		err := do(t.Context())
		if !errors.Is(err, client.Misused) || strings.Contains(err.Error(), secretKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a.times() != 0 {
		t.Errorf("%d were sent", a.times())
	}
	if _, err := client.New(client.Config{URL: a.url, Credential: client.Password("a:b", "c")}); err == nil {
		t.Error("a user with a colon, which HTTP Basic cannot tell from the password, is taken")
	}
}

// A deletion that was done at the first try is not told as a missing object.
func TestDeletionWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first http.HandlerFunc
		fails bool
	}{
		"cut":              {cut, false},
		"502":              {reply(502, "", "Content-Type", "text/html"), false},
		"429, so not done": {problem(429, "throttled"), true},
		"404 at the first": {problem(404, "not_found"), true},
		"404 of a proxy":   {reply(404, "", "Content-Type", "text/html"), true},
	} {
		a := serve(t, client.Config{}, tt.first, problem(404, "not_found"))
		if err := a.Keys.Delete(t.Context(), "key_1"); (err != nil) != tt.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := serve(t, client.Config{}, cut, problem(404, "not_found"))
	_, err := a.Keys.Get(t.Context(), "key_1")
	fails(t, err, client.NotFound)
}

// Retry-After as a date is held against the clock that wrote it.
func TestRetryAfterByAnotherClock(t *testing.T) {
	t.Parallel()
	theirs := now.Add(-24 * time.Hour)
	a := serve(t, client.Config{}, problem(429, "throttled",
		"Date", theirs.Format(http.TimeFormat), "Retry-After", theirs.Add(7*time.Second).Format(http.TimeFormat)), reply(200, "{}"))
	if _, err := a.Keys.Get(t.Context(), "key_1"); err != nil || len(a.waits) != 1 || a.waits[0] != 7*time.Second {
		t.Errorf("waited %v: %v", a.waits, err)
	}
}

// A server that sends the request back does not get its secrets into errors.
func TestEchoesAreNotTold(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{
		"as it is": "", "as a header": "HTTP/1.1 200 OK\r\n", "as a length": "HTTP/1.1 200 OK\r\nContent-Length: ",
		"as an encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: ",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go echoKeys(listener, prefix)
		a := &asked{}
		a.use(t, client.Config{URL: "http://" + listener.Addr().String(), Credential: client.APIKey(secretKey), Retries: -1})
		_, err = a.Me.Get(t.Context())
		if e := failure(t, err, client.Broken); strings.Contains(fmt.Sprintf("%v %#v", e.Err, e.Err), secretKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// echoKeys answers with the key of the request, after the prefix.
func echoKeys(listener net.Listener, prefix string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			if _, key, ok := strings.Cut(lines.Text(), "X-Api-Key: "); ok {
				_, _ = fmt.Fprintf(conn, "%s%s\r\n\r\n", prefix, key)
				break
			}
		}
		_ = conn.Close()
	}
}

func TestAnyMaxBody(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{MaxBody: math.MaxInt64}, reply(200, `{"id":"key_1"}`))
	if k, err := a.Keys.Get(t.Context(), "key_1"); err != nil || k.ID != "key_1" {
		t.Errorf("got %+v, %v", k, err)
	}
}

// A credential that does not come in time is told as that.
func TestCredentialsThatAreLate(t *testing.T) {
	t.Parallel()
	late := func(ctx context.Context) (client.Credential, error) {
		<-ctx.Done()
		return client.Credential{}, ctx.Err()
	}
	a := serve(t, client.Config{Timeout: 20 * time.Millisecond, Retries: -1, Credentials: late}, reply(200, "{}"))
	_, err := a.Me.Get(t.Context())
	fails(t, err, client.TimedOut)
}
