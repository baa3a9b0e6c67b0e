package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/wneessen/go-mail"
)

// ErrURL is returned for a URL that does not name a mail server.
var ErrURL = errors.New("must be smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://USER:PASSWORD@HOST:465; smtp://HOST:25?tls=none, " +
	"without a password, for a server on this machine")

// SMTP sends letters to a mail server.
type SMTP struct {
	host    string
	from    string
	options []mail.Option
}

// NewSMTP returns a Sender for the server at the URL. from is the sender,
// "address" or "Name <address>".
func NewSMTP(server, from string) (*SMTP, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" || (u.Path != "" && u.Path != "/") {
		return nil, ErrURL
	}
	s := &SMTP{host: u.Hostname(), from: from, options: []mail.Option{mail.WithTimeout(sendTimeout)}}
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		s.options = append(s.options, mail.WithSSL())
	case u.Scheme == "smtp" && u.Query().Get("tls") == "none":
		port = 25
		s.options = append(s.options, mail.WithTLSPolicy(mail.NoTLS))
	case u.Scheme == "smtp":
		s.options = append(s.options, mail.WithTLSPolicy(mail.TLSMandatory))
	default:
		return nil, ErrURL
	}
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, ErrURL
		}
	}
	s.options = append(s.options, mail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()),
			mail.WithPassword(password))
	}
	_, err = message(from, Letter{To: "nobody@example.com"})
	return s, err
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, l Letter) error {
	m, err := message(s.from, l)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("prepare to talk to the mail server: %w", err)
	}
	return client.DialAndSendWithContext(ctx, m)
}

func message(from string, l Letter) (*mail.Msg, error) {
	m := mail.NewMsg()
	if err := m.From(from); err != nil {
		return nil, fmt.Errorf("the address that mails come from: %w", err)
	}
	if err := m.To(l.To); err != nil {
		return nil, fmt.Errorf("the address that a mail goes to: %w", err)
	}
	m.Subject(l.Subject)
	m.SetMessageID()
	m.SetDate()
	if l.Unsubscribe != "" {
		m.SetGenHeader(mail.HeaderListUnsubscribe, "<"+l.Unsubscribe+">")
		m.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	m.AddAlternativeString(mail.TypeTextHTML, l.HTML)
	return m, nil
}

// Folder writes letters into files instead of sending them.
type Folder struct {
	path   string
	from   string
	logger *slog.Logger
	once   sync.Once
}

// NewFolder returns a Sender that writes into the folder, which is created with
// the first letter.
func NewFolder(path, from string, logger *slog.Logger) *Folder {
	return &Folder{path: path, from: from, logger: logger}
}

// Send implements Sender. Names sort by the time of writing.
func (f *Folder) Send(ctx context.Context, l Letter) error {
	m, err := message(f.from, l)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return fmt.Errorf("make the folder of mails: %w", err)
	}
	f.once.Do(func() {
		f.logger.WarnContext(ctx, "mails are written to a folder: set LATCHKEY_SMTP_URL to send them", "folder", f.path)
	})
	name := filepath.Join(f.path, time.Now().UTC().Format("20060102-150405-")+uuid.NewString()[:8]+".eml")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // G304: the operator names the folder
	if err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	_, err = m.WriteTo(file)
	return errors.Join(err, file.Close())
}
