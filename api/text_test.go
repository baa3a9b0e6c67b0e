package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// TestTextHasOneForm whoever sends it: LF, NFC and no white space at the ends.
// What is compared byte by byte is left alone.
func TestTextHasOneForm(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	made, _ := want[client.ServiceAccount](t, s, 201, call{method: "POST", path: "/api/service-accounts", as: admin, body: map[string]any{
		"organization_id": x.organization, "name": " Cafe\u0301 ", "description": "one\r\ntwo\r\n",
		"metadata": map[string]any{"raw": " e\u0301\r\n "},
	}})
	if made.Name != "Caf\u00e9" || made.Description != "one\ntwo" || !strings.Contains(string(made.Metadata), "e\u0301\\r\\n ") {
		t.Errorf("made %q, %q, %s", made.Name, made.Description, made.Metadata)
	}
	changed, _ := want[client.ServiceAccount](t, s, 200, call{
		method: "PATCH", path: "/api/service-accounts/" + made.ID, as: admin,
		body: map[string]any{"description": "a\rb"},
	})
	if changed.Description != "a\nb" {
		t.Errorf("changed to %q", changed.Description)
	}
	for _, q := range []string{"CAFE\u0301", "caf\u00e9", " caf\u00e9\r\n"} {
		found, _ := want[client.List[client.ServiceAccount]](t, s, 200, call{method: "GET", path: "/api/service-accounts?q=" +
			url.QueryEscape(q), as: admin})
		if len(found.Items) != 1 {
			t.Errorf("%q finds %d accounts", q, len(found.Items))
		}
	}
}

// TestNoRevokeIsLostToItsNote: what does not belong there is left out of it.
func TestNoRevokeIsLostToItsNote(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for note, kept := range map[string]string{
		"one\r\ntwo": "one\ntwo", "a\x00\x1b[31mb": "a[31mb", strings.Repeat("\u00e9", keys.MaxTextLength+1): strings.Repeat("\u00e9",
			keys.MaxTextLength),
	} {
		id, secret := s.issue(t, x.account, keys.KeyFields{})
		revoked, _ := want[client.RevokedKey](t, s, 200, call{
			method: "POST", path: "/api/keys/" + id + "/revoke", as: admin,
			body: map[string]any{"reason": "leaked", "note": note},
		})
		if revoked.RevokeNote == nil || *revoked.RevokeNote != kept {
			t.Errorf("%.20q is kept as %v", note, revoked.RevokeNote)
		}
		refused(t, s, 401, string(verify.Revoked), call{method: "GET", path: "/verify", as: byKey(secret)})
	}
	for body, kind := range map[string]string{
		"{\"reason\":\"leaked\",\"note\":\"caf\xe9!\"}":                                 "application/json",
		`{"reason":"leaked","note":"caf\ud800!"}`:                                       "application/json",
		"note=caf%e9!&reason=leaked":                                                    formType,
		"--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\ncaf\xe9!\r\n--b--": "multipart/form-data; boundary=b",
	} {
		id, _ := s.issue(t, x.account, keys.KeyFields{})
		got := s.raw(t, call{method: "POST", path: "/api/keys/" + id + "/revoke", as: admin, body: body, kind: kind})
		if k, err := s.Keys.Key(t.Context(), auth.System(), id); err != nil || got.Code != 200 || k.RevokeNote != "caf!" {
			t.Errorf("%q: %d %s; the key's note is %q, %v", body, got.Code, got.Body, k.RevokeNote, err)
		}
	}
}
