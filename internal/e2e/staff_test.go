package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

// scripts turns JavaScript on or off.
func scripts(on bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	})
}

// staffVisit is one of the provider's staff at the demo.
type staffVisit struct {
	*visitor
	base, axe string
}

func visitAsStaff(t *testing.T) *staffVisit {
	t.Helper()
	s, _, password := startDemo(t)
	v := &staffVisit{visit(t), s.base, parts.Axe(t)}
	v.signIn(s.base, "admin@example.com", password)
	return v
}

// look does something, and looks at the page that it leads to.
func (v *staffVisit) look(name string, before ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	v.do(name, append(before, accessible(v.t, v.axe, name), screenshot(name))...)
	v.weigh(name)
}

func (v *staffVisit) weigh(name string) {
	v.t.Helper()
	size, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`new TextEncoder().encode(document.documentElement.outerHTML).length`))
	if err != nil || size > mostPage {
		v.t.Errorf("%s has %d bytes, %v", name, size, err)
	}
}

func (v *staffVisit) page(name, path, until string) {
	v.t.Helper()
	v.open(name, chromedp.Navigate(v.base+path), chromedp.WaitVisible(until), accessible(v.t, v.axe, name), screenshot(name))
	v.weigh(name)
}

// upload chooses a file with a foreign key, and a row that cannot be taken.
func (v *visitor) upload() chromedp.Action[chromedp.Void] {
	v.t.Helper()
	name := filepath.Join(v.t.TempDir(), "keys.jsonl")
	rows := `{"id":"1","owner_id":"customer-1","key":"iwb6Djkk4HhUlOCmLilDIKh6nZrn90ts","scopes":["documents.read"]}` + "\n" +
		`{"id":"2","owner_id":"customer-1","key":"short"}` + "\n"
	if err := os.WriteFile(name, []byte(rows), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return chromedp.SendKeys(`#file`, name)
}

// TestPortalStaff shows the provider's staff around in both themes and on a
// phone.
func TestPortalStaff(t *testing.T) { //nolint:paralleltest // so many pages take all of the machine
	v := visitAsStaff(t)
	look, page := v.look, v.page
	v.do("home", chromedp.WaitVisible(`.bar a[href="/provider"]`), chromedp.Click(`.bar a[href="/provider"]`), chromedp.WaitVisible(`#find`))
	page("staff-home", "/provider", `.tiles`)
	look("staff-find-fault", chromedp.SendKeys(`#find`, "no key"), chromedp.Submit(`#find`), chromedp.WaitVisible(`#find-fault`))
	page("staff-incidents-none", "/provider/incidents", `.empty`)
	page("staff-incident-new", "/provider/incidents/new?tier=pro", `#keys`)
	page("staff-imports-none", "/provider/imports", `#file`)
	// Once it is done the page has no progress between these, and does not reload.
	look("staff-import", v.upload(), chromedp.Submit(`#file`), chromedp.WaitVisible(`.head + .counts`), chromedp.WaitVisible(`#problems`))
	page("staff-imports", "/provider/imports", `tbody`)
	page("staff-imports-in-use", "/provider/imports/in-use", `tbody`)
	page("staff-tiers", "/provider/tiers", `tbody`)
	page("staff-tier", "/provider/tiers/free", `#title`)
	look("staff-tier-preview", set("rate_limit", "50/10s"), chromedp.Submit(`#title`), chromedp.WaitVisible(`.big`))
	look("staff-tier-fault", chromedp.Navigate(v.base+"/provider/tiers/new"), chromedp.WaitVisible(`#name`),
		chromedp.SendKeys(`#name`, "Gold plan"), chromedp.SendKeys(`#title`, "Gold"), chromedp.SendKeys(`#rate_limit`, "10/1s"),
		chromedp.Submit(`#title`), chromedp.WaitVisible(`#name-fault`))
	page("staff-scopes", "/provider/scopes", `tbody`)
	page("staff-scope", "/provider/scopes/invoices:read", `#rename`)
	look("staff-scope-rename", chromedp.SendKeys(`#to`, "bills:read"), chromedp.Submit(`#to`), chromedp.WaitVisible(`div.done`))
	page("staff-organizations", "/provider/organizations", `tbody`)
	look("staff-organization", chromedp.Click(`tbody a`), chromedp.WaitVisible(`.counts`))
	page("staff-users", "/provider/users", `tbody`)
	look("staff-user", chromedp.Click(`tbody tr:last-child a`), chromedp.WaitVisible(`.facts`))
	page("staff-orphans", "/provider/orphans", `.small-tabs`)
	page("staff-orphans-creators", "/provider/orphans?kind=creator_left", `.small-tabs`)
	page("staff-orphans-never", "/provider/orphans?kind=never_used", `.small-tabs`)
	page("staff-orphans-lasting", "/provider/orphans?kind=no_expiry", `.small-tabs`)
	page("staff-system", "/provider/system", `details`)
}

// TestPortalStaffActs gives an account other limits for a time, and takes an
// incident from its dry run to its undo without JavaScript.
func TestPortalStaffActs(t *testing.T) { //nolint:paralleltest // so many pages take all of the machine
	v := visitAsStaff(t)
	look := v.look
	v.do("an account", chromedp.WaitVisible(`.who`), chromedp.Navigate(v.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`),
		chromedp.Click(`tbody a`), chromedp.WaitVisible(`a[href$="/override"]`))
	look("staff-override", chromedp.Click(`a[href$="/override"]`), chromedp.WaitVisible(`#until`))
	look("staff-override-set", set("key_rate_limit", "900/10s"), set("note", "A launch"), chromedp.Submit(`#until`),
		chromedp.WaitVisible(`a[href$="/override"]`))

	v.do("without scripts", scripts(false), chromedp.Navigate(v.base+"/provider/incidents/new"), chromedp.WaitVisible(`#scope`),
		chromedp.SendKeys(`#scope`, "invoices:read"), chromedp.SendKeys(`#note`, "seen in a paste"), chromedp.Submit(`#scope`),
		chromedp.WaitVisible(`input[name=confirm] ~ .actions`), scripts(true))
	look("staff-incident-planned")
	v.do("confirm", scripts(false), chromedp.Click(`input[name=sure]`), chromedp.Click(`.card .actions .danger`),
		chromedp.WaitVisible(`form[action$="/undo"] button`), scripts(true))
	look("staff-incident-done")
	if got := v.text(`.counts`); !strings.Contains(got, "Done") {
		t.Errorf("the counts: %s", got)
	}
	v.do("undo", scripts(false), chromedp.Click(`form[action$="/undo"] button`), chromedp.WaitNotPresent(`form[action$="/undo"]`),
		chromedp.WaitNotPresent(`progress`), chromedp.WaitVisible(`.counts`), scripts(true))
	look("staff-incident-undone")
	v.page("staff-incidents", "/provider/incidents", `tbody`)
}

// TestPortalTransfer hands a service account to another organization without
// JavaScript, after a look at what that means.
func TestPortalTransfer(t *testing.T) { //nolint:paralleltest // so many pages take all of the machine
	v := visitAsStaff(t)
	v.do("an account", chromedp.WaitVisible(`.who`), chromedp.Navigate(v.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`),
		chromedp.Click(`tbody a`), chromedp.WaitVisible(`a[href$="/transfer"]`))
	from, name := v.text(`.facts a[href^="/organizations/"]`), strings.TrimSpace(v.text(`h1`))
	v.look("account-transfer", chromedp.Click(`a[href$="/transfer"]`), chromedp.WaitVisible(`#organization_id`))
	if _, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.getElementById("organization_id").selectedIndex = 1`)); err != nil {
		t.Fatal(err)
	}
	v.do("where to", scripts(false), chromedp.Submit(`#organization_id`), chromedp.WaitVisible(`#name`), scripts(true))
	v.look("account-transfer-preview")
	v.do("another name", scripts(false), chromedp.SendKeys(`#name`, "x"), chromedp.Submit(`#name`), chromedp.WaitVisible(`#name-fault`),
		scripts(true))
	v.look("account-transfer-fault")
	v.do("transfer", scripts(false), chromedp.Clear(`#name`), chromedp.SendKeys(`#name`, name), chromedp.Submit(`#name`),
		chromedp.WaitVisible(`.done`), scripts(true))
	v.look("account-transferred")
	if to := v.text(`.facts a[href^="/organizations/"]`); to == from || to == "" {
		t.Errorf("it went from %q to %q", from, to)
	}
}
