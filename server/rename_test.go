package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
)

// TestARenamedScopeEndsAsAnnounced: within seconds, and not when things are cleaned
// up, once a minute.
func TestARenamedScopeEndsAsAnnounced(t *testing.T) {
	t.Parallel()
	base, _, _, _ := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+staffPassword)
	account := posted(t, base+"/api/service-accounts", `{"organization_id":"`+keys.FirstOrganization+
		`","name":"Sync","tier":"enterprise","scopes":["customers:read"]}`)
	key := posted(t, base+"/api/keys", fmt.Sprintf(`{"service_account_id":%q,"name":"CI"}`, account["id"]))
	asked := func(scope string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/verify?scope="+url.QueryEscape(scope), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", key["key"].(string))
		status, _ := exchange(t, r)
		return status
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/scopes/customers:read/rename",
		strings.NewReader(`{"name":"clients:read","keep":"2s"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("admin@localhost", staffPassword)
	if status, body := exchange(t, r); status != http.StatusOK {
		t.Fatalf("renaming: %d %s", status, body)
	}
	if status := asked("customers:read"); status != http.StatusOK {
		t.Errorf("the old name, while it is kept: %d", status)
	}
	parts.Await(t, 20*time.Second, "the old name to end", func(context.Context) error {
		if status := asked("customers:read"); status != http.StatusForbidden {
			return fmt.Errorf("it is answered %d", status)
		}
		return nil
	})
	if status := asked("clients:read"); status != http.StatusOK {
		t.Errorf("the new name: %d", status)
	}
}
