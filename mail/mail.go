// Package mail writes mails to people, in text and HTML, and sends them over
// SMTP, or writes them into a folder if no server is configured. Mails wait in a
// bounded queue; a mail that cannot be sent is retried a few times.
package mail

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
)

//go:embed templates
var files embed.FS

// Letter is a mail in its final form.
type Letter struct {
	To, Subject, Text, HTML string
	Unsubscribe             string // URL where a POST alone ends such mails (RFC 8058), "" for mails that people asked for
}

// Sender sends one letter.
type Sender interface {
	Send(ctx context.Context, l Letter) error
}

// Config is what an Outbox needs. All fields are required.
type Config struct {
	Sender  Sender
	BaseURL string // public URL of the service, without a trailing slash
	Logger  *slog.Logger
}

// Outbox writes and sends mails. It implements auth.Mailer.
type Outbox struct {
	Config
	text    *texttemplate.Template
	html    *htmltemplate.Template
	waiting chan auth.Mail
	stop    context.CancelFunc
	running sync.WaitGroup
}

var _ auth.Mailer = (*Outbox)(nil)

const (
	mostWaiting = 1000
	sendTimeout = 20 * time.Second
	tries       = 4
	firstPause  = 2 * time.Second // doubled after each try
)

// NewOutbox returns an Outbox and starts sending; Close stops it.
func NewOutbox(c Config) (*Outbox, error) {
	if c.Sender == nil || c.BaseURL == "" || c.Logger == nil {
		return nil, errors.New("mail: Sender, BaseURL and Logger are required")
	}
	text, err := texttemplate.ParseFS(files, "templates/*.txt")
	if err != nil {
		return nil, fmt.Errorf("parse the templates of mails: %w", err)
	}
	html, err := htmltemplate.ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the templates of mails: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	o := &Outbox{Config: c, text: text, html: html, waiting: make(chan auth.Mail, mostWaiting), stop: stop}
	o.running.Go(func() { o.run(ctx) })
	return o, nil
}

// Post queues a mail. If the queue is full, it drops the mail and logs that.
func (o *Outbox) Post(m auth.Mail) {
	select {
	case o.waiting <- m:
	default:
		o.Logger.Error("a mail was dropped: too many wait to be sent", "kind", string(m.Kind))
	}
}

// Busy reports whether the queue is so full that less urgent mails should wait.
func (o *Outbox) Busy() bool { return len(o.waiting) > mostWaiting/4 }

func (o *Outbox) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-o.waiting:
			o.deliver(ctx, m)
		}
	}
}

// Close tries to send each waiting mail once, until ctx ends.
func (o *Outbox) Close(ctx context.Context) error {
	o.stop()
	o.running.Wait()
	for {
		select {
		case m := <-o.waiting:
			if err := o.once(ctx, m); err != nil {
				return fmt.Errorf("send the last mails: %w", err)
			}
		default:
			return nil
		}
	}
}

// deliver tries to send a mail a few times, with growing pauses.
func (o *Outbox) deliver(ctx context.Context, m auth.Mail) {
	pause := firstPause
	for try := 1; ; try++ {
		err := o.once(context.WithoutCancel(ctx), m)
		if err == nil {
			return
		}
		o.Logger.WarnContext(ctx, "a mail cannot be sent", "kind", string(m.Kind), "try", try, "err", err)
		if try == tries {
			o.Logger.ErrorContext(ctx, "a mail was given up", "kind", string(m.Kind))
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			o.Post(m) // so that Close sends it
			return
		case <-timer.C:
		}
		pause *= 2
	}
}

func (o *Outbox) once(ctx context.Context, m auth.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	l, err := o.Write(m)
	if err != nil {
		return err
	}
	return o.Sender.Send(ctx, l)
}

// paths are the paths that the links in mails lead to.
var paths = map[auth.MailKind]string{
	auth.MailConfirm: "/confirm", auth.MailNewEmail: "/confirm", auth.MailReset: "/password/new", auth.MailFinish: "/password/new",
	auth.MailInvite: "/invitation",
	auth.MailExists: "/login", auth.MailChanged: "/password/forgotten", auth.MailMoving: "/password/forgotten",
	auth.MailExpiring: "/unsubscribe",
	auth.MailLeaked:   "/keys", auth.MailPlain: "/keys", auth.MailLeakedStaff: "/provider/incidents",
	auth.MailLeakedToken: "/me",
}

// page is the data of a template.
type page struct {
	auth.Mail
	Link string
	Home string
	say  *texts.Catalogue
}

// T returns a text from the section for mails, with the values filled in.
func (p page) T(name string, values ...any) (string, error) {
	return p.say.Say("mail."+name, values...)
}

// Word returns the catalogue's word for a role.
func (p page) Word(r auth.Role) string { return p.say.Text("word." + string(r)) }

// Language returns the tag of the texts.
func (p page) Language() string { return p.say.Language() }

// Count returns the number of keys, such as "50+" if there are more than the mail
// lists.
func (p page) Count() string {
	if p.More {
		return fmt.Sprintf("%d+", len(p.Expiring))
	}
	return fmt.Sprint(len(p.Expiring))
}

// Day formats the day on which a key ends.
func (p page) Day(t time.Time) string { return p.say.Time("moment_long", t) }

// When formats when the link expires.
func (p page) When() string { return p.Day(p.Until) }

// Link returns the URL that a mail of the kind links to.
func (o *Outbox) Link(kind auth.MailKind, token string) string {
	link := o.BaseURL + paths[kind]
	if token != "" {
		link += "?token=" + url.QueryEscape(token)
	}
	return link
}

// Write returns the mail in its final form.
func (o *Outbox) Write(m auth.Mail) (Letter, error) {
	v := page{Mail: m, Home: o.BaseURL, Link: o.Link(m.Kind, m.Token), say: texts.In(m.Language)}
	var text, html bytes.Buffer
	if err := o.text.ExecuteTemplate(&text, string(m.Kind)+".txt", v); err != nil {
		return Letter{}, fmt.Errorf("write a mail: %w", err)
	}
	if err := o.html.ExecuteTemplate(&html, string(m.Kind)+".html", v); err != nil {
		return Letter{}, fmt.Errorf("write a mail: %w", err)
	}
	subject, body, _ := strings.Cut(text.String(), "\n")
	l := Letter{To: m.To, Subject: oneLine(strings.TrimPrefix(subject, "Subject: ")), Text: strings.TrimLeft(body, "\n"), HTML: html.String()}
	if m.Kind == auth.MailExpiring {
		l.Unsubscribe = v.Link
	}
	return l, nil
}

// oneLine stops text that people typed from adding headers.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' }), " ")
}
