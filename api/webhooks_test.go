package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// TestDisabledWebhooks: a disabled one is tested, and sent nothing again.
func TestDisabledWebhooks(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	path := "/api/webhooks/" + x.webhook
	w, _ := want[client.Webhook](t, s, 200, call{method: "PATCH", path: path, as: admin, body: map[string]any{"state": "disabled"}})
	if w.State != "disabled" || w.Reason == nil || *w.Reason != "by_hand" {
		t.Errorf("%+v", w)
	}
	refused(t, s, 409, "conflict", call{method: "POST", path: path + "/deliveries/" + x.event + "/resend", as: admin})
	refused(t, s, 409, "conflict", call{
		method: "POST", path: path + "/resend", as: admin,
		body: map[string]any{"from": "2026-01-31T12:00:00Z"},
	})
	d, _ := want[client.WebhookDelivery](t, s, 200, call{method: "POST", path: path + "/test", as: admin})
	if d.Outcome != "parked" || len(d.Attempts) != 1 || d.Attempts[0].Fault == nil {
		t.Errorf("%+v", d)
	}
}

// TestWebhookTargets: where a webhook may not lead.
func TestWebhookTargets(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for target, code := range map[string]string{
		"http://hooks.example.com/": "webhook_https", "https://127.0.0.1/": "webhook_address", "https://[::ffff:10.0.0.1]/": "webhook_address",
		"https://169.254.169.254/latest": "webhook_address", "https://u:p@example.com/": "webhook_user", "ftp://example.com/": "webhook_url",
	} {
		got := s.send(t, call{
			method: "POST", path: "/api/webhooks", as: admin,
			body: map[string]any{"organization_id": x.organization, "url": target},
		})
		if got.status != http.StatusBadRequest || !strings.Contains(string(got.body), `"`+code+`"`) {
			t.Errorf("%s: %d %s, want %s", target, got.status, got.body, code)
		}
	}
}
