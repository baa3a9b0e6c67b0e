package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/keys"
)

// TestTheFirstDeveloperGetsIn, without a mail server: the answer of an
// invitation has the link, which opens a page to join by. Lists do not have it.
func TestTheFirstDeveloperGetsIn(t *testing.T) {
	t.Parallel()
	s, process := start(t, sqliteURL(t))
	invitations := "/api/organizations/" + keys.FirstOrganization + "/invitations"
	made := s.call("POST", invitations, map[string]any{"email": "dev@acme.example", "role": "developer"}, 201)
	link, _ := made["link"].(string)
	if !strings.HasPrefix(link, s.base+"/invitation?token=") {
		t.Fatalf("the invitation is %v", made)
	}
	if answer, body := get(t, link, ""); answer.StatusCode != http.StatusOK || !strings.Contains(body, "dev@acme.example") {
		t.Errorf("the link leads to %d %s", answer.StatusCode, body)
	}
	_, token, _ := strings.Cut(link, "token=")
	if listed, err := json.Marshal(s.call("GET", invitations, nil, 200)); err != nil || strings.Contains(string(listed), token) ||
		strings.Contains(string(listed), `"link"`) {
		t.Errorf("the list tells the link: %s %v", listed, err)
	}
	if strings.Contains(process.Output(), token) {
		t.Error("the log tells the link")
	}
	elsewhere, _ := start(t, sqliteURL(t), "LATCHKEY_SMTP_URL=smtp://127.0.0.1:1")
	if made := elsewhere.call("POST", invitations, map[string]any{"email": "dev@acme.example", "role": "developer"},
		201); made["link"] != nil {
		t.Errorf("with a mail server the answer tells the link: %v", made)
	}
}
