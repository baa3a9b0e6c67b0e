package e2e

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/latchkey/latchkey/internal/parts"
)

// postbox reads the mails that a service without a mail server writes.
type postbox struct {
	t    *testing.T
	dir  string
	seen map[string]bool
}

var linkInMail = regexp.MustCompile(`http://\S+token=\S+`)

// link waits for a mail to the address and returns the link in its text.
func (p *postbox) link(to string) string {
	p.t.Helper()
	var found string
	parts.Await(p.t, 20*time.Second, "a mail to "+to, func(context.Context) error {
		files, err := filepath.Glob(filepath.Join(p.dir, "*.eml"))
		if err != nil {
			return err
		}
		for _, name := range files {
			if p.seen[name] {
				continue
			}
			text, addressed := p.read(name)
			if addressed != to {
				continue
			}
			if found = linkInMail.FindString(text); found != "" {
				p.seen[name] = true
				return nil
			}
		}
		return os.ErrNotExist
	})
	return found
}

// read returns the text part of the mail, and who it is to.
func (p *postbox) read(name string) (text, to string) {
	p.t.Helper()
	f, err := os.Open(name)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	m, err := mail.ReadMessage(f)
	if err != nil {
		return "", "" // not written whole yet
	}
	address, err := m.Header.AddressList("To")
	if err != nil {
		return "", ""
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		p.t.Fatal(err)
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
	if err != nil {
		return "", ""
	}
	b, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		return "", ""
	}
	return string(b), address[0].Address
}

// visitor is a browser that a test steers.
type visitor struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // that of the browser's tab
}

// startWithMail starts the service where links in its mails lead to it.
func startWithMail(t *testing.T, settings ...string) (*service, *postbox) {
	t.Helper()
	dir, addr := t.TempDir(), parts.FreeAddr(t)
	s, _ := startAt(t, addr, "sqlite:"+filepath.Join(dir, "latchkey.db"), append(settings, "LATCHKEY_URL=http://"+addr)...)
	return s, &postbox{t: t, dir: filepath.Join(dir, "mail"), seen: map[string]bool{}}
}

func visit(t *testing.T) *visitor { return &visitor{t, parts.Browser(t)} }

// lookLimit is the longest that opening a page and looking at it may take.
const lookLimit = time.Minute

// open does actions that begin by opening a page. Once in a while Chromium does not
// answer a screenshot for minutes (chromedp issue 1339), so what takes too long is
// done once more in a fresh tab.
func (v *visitor) open(step string, actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, lookLimit)
	defer cancel()
	err := chromedp.Do(ctx, actions...)
	if !errors.Is(err, context.DeadlineExceeded) {
		if err != nil {
			v.t.Fatalf("%s: %v", step, err)
		}
		return
	}
	v.t.Logf("%s took longer than %v; it is opened again in a fresh tab", step, lookLimit)
	v.ctx, cancel = chromedp.NewContext(v.ctx)
	v.t.Cleanup(cancel)
	v.do(step, actions...)
}

func (v *visitor) do(step string, actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.t.Fatalf("%s: %v", step, err)
	}
}

func (v *visitor) text(selector string) string {
	v.t.Helper()
	out, err := chromedp.Run(v.ctx, chromedp.Text(selector))
	if err != nil {
		v.t.Fatalf("read %s: %v", selector, err)
	}
	return out
}

// kept tells the page that its secret was copied, so that it lets us go.
func (v *visitor) kept() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`document.dispatchEvent(new Event("copy"))`)(ctx, tab)
		return err
	})
}

func (v *visitor) signIn(base, name, password string) {
	v.t.Helper()
	v.do("sign in", chromedp.Navigate(base+"/login"), chromedp.WaitVisible(`#password`), chromedp.SendKeys(`#email`, name),
		chromedp.SendKeys(`#password`, password), chromedp.Submit(`#password`))
}

const (
	firstPassword  = "lighthouse keeper two"
	secondPassword = "seven grey umbrellas"
)

// TestPeople goes from an invitation to a key, forgets a password, and sets up
// one-time codes, in a real browser.
func TestPeople(t *testing.T) {
	t.Parallel()
	s, box := startWithMail(t)
	base := s.base
	const ada = "ada@example.com"

	admin := visit(t)
	admin.signIn(base, "admin@localhost", adminPassword)
	admin.do("organizations", chromedp.WaitVisible(`.who`), chromedp.Navigate(base+"/organizations"), chromedp.WaitVisible(`tbody a`),
		screenshot("organizations"), chromedp.Click(`tbody a`), chromedp.WaitVisible(`#email`))
	admin.do("invite", chromedp.SendKeys(`#email`, ada), chromedp.Submit(`#email`), chromedp.WaitVisible(`#secret`),
		screenshot("organization"))

	guest := visit(t)
	guest.do("open the invitation", chromedp.Navigate(box.link(ada)), chromedp.WaitVisible(`#password`), screenshot("invitation"))
	guest.do("too easy a password", chromedp.SendKeys(`#password`, "passwordpassword"), chromedp.Submit(`#password`),
		chromedp.WaitVisible(`#password-fault`))
	guest.do("join", chromedp.SendKeys(`#name`, "Ada Lovelace"), chromedp.SendKeys(`#password`, firstPassword), chromedp.Submit(`#password`),
		chromedp.WaitVisible(`.empty .button`))
	guest.do("first account", chromedp.Click(`.empty .button`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "Nightly sync"),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`a[href$="/keys/new"]`))
	guest.do("first key", chromedp.Click(`a[href$="/keys/new"]`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "CI"),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`))
	if got := code(t, s.base, guest.text(`#secret`)); got != "VALID" {
		t.Errorf("the first key is %s", got)
	}
	guest.do("my account", guest.kept(), chromedp.Navigate(base+"/me"), chromedp.WaitVisible(`#profile`), screenshot("me"))

	forgot := visit(t)
	forgot.do("forget", chromedp.Navigate(base+"/password/forgotten"), chromedp.WaitVisible(`#email`), screenshot("forgotten"),
		chromedp.SendKeys(`#email`, ada), chromedp.Submit(`#email`), chromedp.WaitNotPresent(`#email`), chromedp.WaitVisible(`.below`),
		screenshot("told"))
	forgot.do("new password", chromedp.Navigate(box.link(ada)), chromedp.WaitVisible(`#password`), screenshot("password-new"),
		chromedp.SendKeys(`#password`, secondPassword), chromedp.Submit(`#password`), chromedp.WaitNotPresent(`#password`),
		chromedp.WaitVisible(`.below`))
	guest.do("the old session is over", chromedp.Navigate(base+"/me"), chromedp.WaitVisible(`#password[autocomplete=current-password]`))

	guest.signIn(base, ada, secondPassword)
	guest.do("begin one-time codes", chromedp.WaitVisible(`.who`), chromedp.Navigate(base+"/me"), chromedp.WaitVisible(`#profile`),
		chromedp.Submit(`form[action="/me/otp/begin"]`), chromedp.WaitVisible(`.qr`), screenshot("otp"))
	device := guest.text(`.hint code`)
	show := func() string {
		c, err := totp.GenerateCode(device, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	guest.do("a wrong code", chromedp.SendKeys(`#code`, "000000"), chromedp.Submit(`#code`), chromedp.WaitVisible(`#code-fault`))
	guest.do("turn them on", chromedp.SendKeys(`#code`, show()), chromedp.Submit(`#code`), chromedp.WaitVisible(`#codes`),
		screenshot("otp-codes"))
	recovery := strings.Fields(guest.text(`#codes`))
	if len(recovery) != 10 {
		t.Fatalf("recovery codes %v", recovery)
	}
	again := visit(t)
	again.signIn(base, ada, secondPassword)
	again.do("a second step", chromedp.WaitVisible(`#code`), screenshot("code"), chromedp.SendKeys(`#code`, "000000"),
		chromedp.Submit(`#code`),
		chromedp.WaitVisible(`#code-fault`))
	again.do("a recovery code", chromedp.SendKeys(`#code`, recovery[0]), chromedp.Submit(`#code`), chromedp.WaitVisible(`.who`))
	once := visit(t)
	once.signIn(base, ada, secondPassword)
	once.do("a spent recovery code", chromedp.WaitVisible(`#code`), chromedp.SendKeys(`#code`, recovery[0]), chromedp.Submit(`#code`),
		chromedp.WaitVisible(`#code-fault`))
	again.do("a token", chromedp.Navigate(base+"/me"), chromedp.WaitVisible(`#token_name`), chromedp.SendKeys(`#token_name`, "laptop"),
		chromedp.Submit(`#token_name`), chromedp.WaitVisible(`#secret`), screenshot("me-token"), again.kept())
	again.do("it is not shown again", chromedp.Navigate(base+"/me"), chromedp.WaitVisible(`#token_name`), chromedp.WaitNotPresent(`#secret`))
}
