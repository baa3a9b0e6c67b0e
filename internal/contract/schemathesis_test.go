//go:build contract

package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
)

// tester is who schemathesis signs in as: staff, as the first admin is, but with
// an account of its own.
const tester = "schemathesis@example.com"

// TestSchemathesis asks a running service for everything that the contract
// allows, and for much that it does not: every operation with its examples, at
// the edges of its schemas, with made-up values, and in sequences that use what
// earlier answers named. What it may not hold against the service is in
// tools/contract/schemathesis, with the reasons.
func TestSchemathesis(t *testing.T) {
	t.Parallel()
	c := parts.NewContract(t)
	base := serve(t, "LATCHKEY_SIGNUP=open", "LATCHKEY_SIGN_IN_LIMIT=off", "LATCHKEY_GUESS_LIMIT=off", "LATCHKEY_THROTTLE_ANONYMOUS=off",
		"LATCHKEY_THROTTLE_USER=off", "LATCHKEY_THROTTLE_ADMIN=off", "LATCHKEY_THROTTLE_SERVICE_ACCOUNT=off")
	dir := place(t, c, "schemathesis", "schemathesis")
	user := post(t, base, "/api/users", map[string]any{"email": tester, "password": password, "is_admin": true})
	// The organization that every store begins with.
	account := post(t, base, "/api/service-accounts", map[string]any{
		"organization_id": keys.FirstOrganization, "name": "schemathesis",
		"scopes": []string{"*", "latchkey:verify"},
	})
	key := post(t, base, "/api/keys", map[string]any{"service_account_id": account.ID, "name": "schemathesis"})
	cmd := exec.CommandContext(t.Context(), c.Schemathesis(), "--config-file", "schemathesis.toml", "run", c.Document(), "--url",
		base, "--no-color")
	cmd.Dir = dir
	cmd.Env = parts.Environ("PYTHONPATH="+dir, "LATCHKEY_EMAIL="+tester, "LATCHKEY_PASSWORD="+password, "LATCHKEY_ID="+user.ID,
		"LATCHKEY_CLIENT="+account.ID, "LATCHKEY_KEY="+key.Key)
	out := run(t, cmd)
	t.Log(out[strings.LastIndex(out, "Test Phases:"):])
}

// made is what an answer says of a new object.
type made struct{ ID, Key string }

// post makes an object as the first admin.
func post(t *testing.T, base, path string, object map[string]any) made {
	t.Helper()
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(email, password)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end below
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var m made
	if err := json.Unmarshal(text, &m); err != nil || m.ID == "" {
		t.Fatalf("POST %s: %s %s %v", path, answer.Status, text, err)
	}
	return m
}
