package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/internal/fastlane"
	"github.com/latchkey/latchkey/keys"
)

// question is a request for /verify as it goes over the wire.
type question struct{ name, head, body string }

func questions(key string) []question {
	post := func(body string) question {
		return question{
			"POST " + body, fmt.Sprintf("POST /verify HTTP/1.1\r\nAuthorization: Bearer %s\r\nContent-Type: "+
				"application/json\r\nContent-Length: %d\r\n", key, len(body)), body,
		}
	}
	get := func(name, target string, fields ...string) question {
		return question{name, "GET " + target + " HTTP/1.1\r\n" + strings.Join(fields, ""), ""}
	}
	with := "X-Api-Key: " + key + "\r\n"
	return []question{
		get("a key", "/verify", with),
		get("a key in a bearer token", "/verify/", "Authorization: Bearer "+key+"\r\n"),
		get("a scope", "/verify?scope=customers:read", with),
		get("another scope", "/verify?scope=invoices:read", with),
		get("no key", "/verify"),
		get("no key at all like ours", "/verify", "X-Api-Key: x\r\n"),
		get("a key that was never made", "/verify", "X-Api-Key: lk_live_"+strings.Repeat("a", 49)+"\r\n"),
		get("a query that is unknown", "/verify?x=y", with),
		get("two keys", "/verify", with, with),
		get("below", "/verify/orders?x=y", with),
		get("more than the lane takes", "/verify", with, "Pragma: no-cache\r\n"),
		post(`{"key":"` + key + `"}`),
		post(`{"key":"` + key + `","scopes":["customers:read"],"dry_run":true}`),
		post(`{"key":""}`),
		post(`{}`),
		post(`[`),
		{"HEAD", "HEAD /verify HTTP/1.1\r\n" + with, ""},
		{"DELETE", "DELETE /verify HTTP/1.1\r\n" + with, ""},
		{
			"chunks", "POST /verify HTTP/1.1\r\nAuthorization: Bearer " + key + "\r\nContent-Type: application/json\r\nTransfer-Encoding: " +
				"chunked\r\n", "2\r\n{}\r\n0\r\n\r\n",
		},
	}
}

// counted are what a limit has left, and until when.
var counted = regexp.MustCompile(`(remaining":|reset_after":|X-Ratelimit-Remaining:|X-Ratelimit-Reset:|;r=)["\[0-9][^,}\]]*`)

// answers asks all questions and returns what was answered, but for what differs
// from one request to the next.
func answers(t *testing.T, base, key string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, q := range questions(key) {
		conn := connected(t, base)
		if _, err := io.WriteString(conn, q.head+"Host: a\r\nX-Request-Id: test\r\nConnection: close\r\n\r\n"+q.body); err != nil {
			t.Fatal(err)
		}
		method, _, _ := strings.Cut(q.head, " ")
		response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		response.Header.Del("Date")
		response.Header.Del("Content-Length")
		all[q.name] = counted.ReplaceAllString(fmt.Sprint(response.StatusCode, response.Header, string(body)), "$1")
	}
	return all
}

func connected(t *testing.T, base string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestVerifyAnswersTheSameWithoutTheFastLane(t *testing.T) {
	t.Parallel()
	store := database(t)
	base, _, _, _ := serving(t, store, "LATCHKEY_ADMIN_PASSWORD="+staffPassword)
	without, _, _, _ := serving(t, store, "LATCHKEY_FAST_LANE=off")
	account := posted(t, base+"/api/service-accounts", `{"organization_id":"`+keys.FirstOrganization+
		`","name":"Sync","tier":"enterprise","scopes":["customers:read","latchkey:verify"]}`)
	key := posted(t, base+"/api/keys", fmt.Sprintf(`{"service_account_id":%q,"name":"CI"}`, account["id"]))["key"].(string)
	if diff := cmp.Diff(answers(t, base, key), answers(t, without, key)); diff != "" {
		t.Errorf("with the lane (-) and without it (+):\n%s", diff)
	}
}

func TestTheFastLaneIsOnUnlessItIsTurnedOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		settings []string
		lane     bool
	}{{nil, true}, {[]string{"LATCHKEY_FAST_LANE=on"}, true}, {[]string{"LATCHKEY_FAST_LANE=off"}, false}} {
		clients, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		a := built(t, append(tt.settings, database(t))...)
		l, _ := a.front().listen(clients, nil, http.NotFoundHandler())
		if _, lane := l.(*fastlane.Listener); lane != tt.lane {
			t.Errorf("%v: lane %t", tt.settings, lane)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
