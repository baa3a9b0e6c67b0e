package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/mail"
)

const base = "https://keys.example.com"

// server is a small mail server that keeps what it gets.
type server struct {
	mu   sync.Mutex
	got  []string
	addr string
}

// session is one conversation with it.
type session struct {
	s      *server
	login  bool // it asks for a password
	authed bool
}

func (session) Reset()                               {}
func (session) Logout() error                        { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *session) AuthMechanisms() []string          { return []string{sasl.Plain} }
func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.login && !s.authed {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if s.authed = username == "latchkey" && password == "p@ss word"; !s.authed {
			return errors.New("wrong password")
		}
		return nil
	}), nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.got = append(s.s.got, string(text))
	return err
}

// serve starts a server; with a certificate it offers STARTTLS, with login it
// asks for a password.
func serve(t *testing.T, secure *tls.Config, login bool) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: listener.Addr().String()}
	backend := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s, login: login}, nil }))
	backend.Domain, backend.TLSConfig, backend.AllowInsecureAuth = "localhost", secure, true
	backend.ReadTimeout, backend.WriteTimeout, backend.MaxMessageBytes = 10*time.Second, 10*time.Second, 1<<20
	ended := make(chan struct{})
	go func() { defer close(ended); _ = backend.Serve(listener) }()
	t.Cleanup(func() { _ = backend.Close(); <-ended })
	return s
}

func (s *server) mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got...)
}

// certificate is one that nobody trusts.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func outbox(t *testing.T, s mail.Sender) *mail.Outbox {
	t.Helper()
	o, err := mail.NewOutbox(mail.Config{Sender: s, BaseURL: base, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func sender(t *testing.T, url string) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(url, "Latchkey <keys@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func invitation() auth.Mail {
	return auth.Mail{
		Kind: auth.MailInvite, To: "ada@example.com", Token: "T0KEN", Until: time.Date(2026, 5, 6, 7, 8, 0, 0, time.UTC),
		Organization: "Acme <b>& Söhne</b>", Role: auth.Developer, By: "eve@example.com\r\nBcc: all@example.com",
	}
}

// parts returns the text and HTML parts of a message.
func parts(t *testing.T, message string) (header netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(message))
	if err != nil {
		t.Fatalf("%v in %s", err, message)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	reader := multipart.NewReader(m.Body, params["boundary"])
	var all []string
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	if len(all) != 2 {
		t.Fatalf("%d parts", len(all))
	}
	return m.Header, all[0], all[1]
}

func TestAMailGoesByARealServer(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, false)
	o := outbox(t, sender(t, "smtp://"+s.addr+"?tls=none"))
	o.Post(invitation())
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.mails()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	header, text, html := parts(t, got[0])
	if header.Get("Bcc") != "" || strings.Contains(header.Get("Subject"), "\n") || header.Get("To") != "<ada@example.com>" ||
		header.Get("Message-Id") == "" {
		t.Errorf("header %v", header)
	}
	const link = base + "/invitation?token=T0KEN"
	if !strings.Contains(text, link) || !strings.Contains(text, "6 May 2026, 07:08 UTC") || !strings.Contains(text, "Acme <b>& Söhne</b>") {
		t.Errorf("text %s", text)
	}
	if !strings.Contains(html, `href="`+link+`"`) || strings.Contains(html, "<b>&") || !strings.Contains(html, "&lt;b&gt;") {
		t.Errorf("HTML %s", html)
	}
}

func TestEveryKindOfMailIsWritten(t *testing.T) {
	t.Parallel()
	o := outbox(t, mail.NewFolder(t.TempDir(), "a@example.com", slog.New(slog.DiscardHandler)))
	defer func() { _ = o.Close(context.WithoutCancel(t.Context())) }()
	for _, tag := range texts.Languages() {
		hello, err := texts.In(tag).Say("mail.hello_name", "Ada")
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []auth.MailKind{
			auth.MailConfirm, auth.MailExists, auth.MailFinish, auth.MailReset, auth.MailChanged, auth.MailInvite,
			auth.MailNewEmail, auth.MailMoving, auth.MailExpiring, auth.MailLeaked, auth.MailLeakedStaff, auth.MailLeakedToken, auth.MailPlain,
		} {
			m := invitation()
			m.Kind, m.Name, m.Language = kind, "Ada", tag
			l, err := o.Write(m)
			if err != nil || l.Subject == "" || !strings.Contains(l.Text, hello) || !strings.Contains(l.HTML, "</html>") ||
				!strings.Contains(l.HTML, `<html lang="`+tag+`"`) || strings.Contains(l.Subject+l.Text+l.HTML, "%!") ||
				strings.Contains(l.Text+l.HTML, "<no value>") {
				t.Errorf("%s in %s: %+v, %v", kind, tag, l, err)
			}
		}
	}
	if _, err := o.Write(auth.Mail{Kind: "nonsense"}); err == nil {
		t.Error("a kind that is none was written")
	}
}

func TestMailsAboutLeakedKeysNameThemAndWhatWasDone(t *testing.T) {
	t.Parallel()
	o := outbox(t, mail.NewFolder(t.TempDir(), "a@example.com", slog.New(slog.DiscardHandler)))
	defer func() { _ = o.Close(context.WithoutCancel(t.Context())) }()
	for _, tag := range texts.Languages() {
		for _, outcome := range []string{"revoked", "disabled", "told", "holder"} {
			want, err := texts.In(tag).Say("mail.leaked_" + outcome)
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []auth.MailKind{auth.MailLeaked, auth.MailLeakedStaff} {
				l, err := o.Write(auth.Mail{Kind: kind, Language: tag, Exposed: []auth.ExposedKey{
					{ID: "key_1", Name: "<b>CI</b>", Start: "lk_live_AbCd", Last4: "WxYz", Account: "sync", Organization: "Acme", Outcome: outcome},
				}})
				if err != nil || !strings.Contains(l.Text, want) || !strings.Contains(l.HTML, want) || !strings.Contains(l.Text, "/keys/key_1") ||
					!strings.Contains(l.Text, "lk_live_AbCd...WxYz") || strings.Contains(l.HTML, "<b>CI") {
					t.Errorf("%s, %s in %s: %+v, %v", kind, outcome, tag, l, err)
				}
			}
		}
	}
}

func TestMailsAreInTheLanguageOfTheirReader(t *testing.T) {
	t.Parallel()
	o := outbox(t, mail.NewFolder(t.TempDir(), "a@example.com", slog.New(slog.DiscardHandler)))
	defer func() { _ = o.Close(context.WithoutCancel(t.Context())) }()
	key := auth.ExpiringKey{ID: "key_1", Name: "A", EndsAt: time.Date(2026, 5, 6, 7, 8, 0, 0, time.UTC)}
	for _, tt := range []struct {
		language string
		kind     auth.MailKind
		keys     int
		more     bool
		subject  string
		words    string
	}{
		{"", auth.MailReset, 0, false, "Set a new password", "The link works once, until 6 May 2026, 07:08 UTC."},
		{"en", auth.MailReset, 0, false, "Set a new password", "The link works once, until 6 May 2026, 07:08 UTC."},
		{"tlh", auth.MailReset, 0, false, "Set a new password", "The link works once, until 6 May 2026, 07:08 UTC."},
		{"en", auth.MailExpiring, 1, false, "1 API key expires soon", "expires 6 May 2026, 07:08 UTC"},
		{"en", auth.MailExpiring, 1, true, "1+ API keys expire soon", "There are more"},
		{"en", auth.MailExpiring, 2, false, "2 API keys expire soon", "these keys expire soon"},
		{"de", auth.MailReset, 0, false, "Neues Passwort setzen", "bis 6. Mai 2026, 07:08 UTC."},
		{"de", auth.MailExpiring, 2, false, "2 API-Schlüssel laufen bald ab", "6. Mai 2026, 07:08 UTC"},
	} {
		m := invitation()
		m.Kind, m.Language, m.More = tt.kind, tt.language, tt.more
		for range tt.keys {
			m.Expiring = append(m.Expiring, key)
		}
		l, err := o.Write(m)
		if err != nil || l.Subject != tt.subject || !strings.Contains(l.Text, tt.words) || !strings.Contains(l.HTML, tt.words) {
			t.Errorf("%s in %q: %+v, %v", tt.kind, tt.language, l, err)
		}
	}
}

// A mail that nobody asked for says how a mail program ends such mails by
// itself (RFC 8058); others do not.
func TestRemindersCanBeEndedByAPost(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, false)
	o := outbox(t, sender(t, "smtp://"+s.addr+"?tls=none"))
	o.Post(auth.Mail{Kind: auth.MailExpiring, To: "ada@example.com", Token: "T0KEN", Expiring: []auth.ExpiringKey{
		{ID: "key_1", Name: "A & B", Start: "lk_live_abcd", Last4: "wxyz", Account: "sync", Organization: "Acme", EndsAt: time.Date(2026, 5, 6, 7,
			8, 0, 0, time.UTC)},
	}})
	o.Post(invitation())
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.mails()
	if len(got) != 2 {
		t.Fatalf("%d mails", len(got))
	}
	const link = base + "/unsubscribe?token=T0KEN"
	header, text, html := parts(t, got[0])
	if header.Get("List-Unsubscribe") != "<"+link+">" || header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" ||
		header.Get("Subject") != "1 API key expires soon" {
		t.Errorf("header %v", header)
	}
	for _, want := range []string{base + "/keys/key_1", link, "6 May 2026, 07:08 UTC"} {
		if !strings.Contains(text, want) || !strings.Contains(html, want) {
			t.Errorf("%s is not in the text and the HTML\n%s\n%s", want, text, html)
		}
	}
	if header, _, _ := parts(t, got[1]); header.Get("List-Unsubscribe") != "" {
		t.Errorf("an invitation has the header %v", header)
	}
}

func TestServersThatAreNotTrusted(t *testing.T) {
	t.Parallel()
	l := mail.Letter{To: "ada@example.com", Subject: "s", Text: "t", HTML: "h"}
	for name, tt := range map[string]struct {
		server *server
		url    string
	}{
		"no STARTTLS":             {serve(t, nil, false), "smtp://%s"},
		"a stranger's":            {serve(t, certificate(t), false), "smtp://%s"},
		"a wrong password":        {serve(t, nil, true), "smtp://latchkey:wrong@%s?tls=none"},
		"no password":             {serve(t, nil, true), "smtp://%s?tls=none"},
		"TLS where there is none": {serve(t, nil, false), "smtps://%s"},
	} {
		if err := sender(t, fmt.Sprintf(tt.url, tt.server.addr)).Send(t.Context(), l); err == nil || len(tt.server.mails()) > 0 {
			t.Errorf("%s: %v, %d mails", name, err, len(tt.server.mails()))
		}
	}
	for _, url := range []string{"", "http://a", "smtp://", "smtp://a/b", "smtp://a:port"} {
		if _, err := mail.NewSMTP(url, "a@example.com"); err == nil {
			t.Errorf("%q is taken", url)
		}
	}
	if _, err := mail.NewSMTP("smtp://localhost", "nobody"); err == nil {
		t.Error("a sender that is no address is taken")
	}
}

// flaky fails some times.
type flaky struct {
	mu    sync.Mutex
	fails int
	sent  []mail.Letter
}

func (f *flaky) Send(_ context.Context, l mail.Letter) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails > 0 {
		f.fails--
		return errors.New("the server is away")
	}
	f.sent = append(f.sent, l)
	return nil
}

func TestAMailThatCannotBeSentIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ fails, sent int }{{3, 1}, {4, 0}} {
		synctest.Test(t, func(t *testing.T) {
			f := &flaky{fails: tt.fails}
			o := outbox(t, f)
			o.Post(invitation())
			time.Sleep(time.Minute) // of the bubble's clock
			synctest.Wait()
			if err := o.Close(t.Context()); err != nil || len(f.sent) != tt.sent {
				t.Errorf("after %d failures: sent %d, %v", tt.fails, len(f.sent), err)
			}
		})
	}
}

func TestClosingSendsWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fails: 1}
		o := outbox(t, f)
		for range 5 {
			o.Post(invitation())
		}
		synctest.Wait() // the first try has failed, the second is far away
		if err := o.Close(t.Context()); err != nil || len(f.sent) != 5 {
			t.Errorf("sent %d, %v", len(f.sent), err)
		}
	})
}

func TestAFullOutboxDropsAndSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o, err := mail.NewOutbox(mail.Config{Sender: &flaky{fails: 1 << 20}, BaseURL: base, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			o.Post(invitation())
		}
		_ = o.Close(t.Context()) // it cannot send them either
		if !strings.Contains(log.String(), "dropped") || strings.Contains(log.String(), "T0KEN") || strings.Contains(log.String(), "ada@") {
			t.Errorf("the log says %.300s", log.String())
		}
	})
}

func TestFolderKeepsMailsFromOthers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	o := outbox(t, mail.NewFolder(dir, "Latchkey <a@example.com>", slog.New(slog.DiscardHandler)))
	o.Post(invitation())
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	info, err := os.Stat(found[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	message, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, text, _ := parts(t, string(message)); !strings.Contains(text, "T0KEN") {
		t.Errorf("it says %s", text)
	}
}
