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
	cmd := exec.CommandContext(t.Context(), c.Schemathesis(), "--config-file", "schemathesis.toml", "run", c.Document(), "--url", base, "--no-color")
	cmd.Dir = dir
	cmd.Env = parts.Environ("PYTHONPATH="+dir, "LATCHKEY_EMAIL="+tester, "LATCHKEY_PASSWORD="+password, "LATCHKEY_ID="+addTester(t, base))
	out := run(t, cmd)
	t.Log(out[strings.LastIndex(out, "Test Phases:"):])
}

// addTester makes the account and returns its id.
func addTester(t *testing.T, base string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"email": tester, "password": password, "is_admin": true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/users", bytes.NewReader(body))
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
	var user struct{ ID string }
	if err := json.Unmarshal(text, &user); err != nil || user.ID == "" {
		t.Fatalf("make a user: %s %s %v", answer.Status, text, err)
	}
	return user.ID
}
