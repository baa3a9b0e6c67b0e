package auth

import (
	"cmp"
	"context"
	"time"

	"github.com/latchkey/latchkey/internal/texts"
)

// MailKind says what a mail is about.
type MailKind string

// The kinds.
const (
	MailConfirm  MailKind = "confirm"  // of somebody who signed up
	MailExists   MailKind = "exists"   // to somebody who signed up again
	MailFinish   MailKind = "finish"   // to somebody who signed up twice, to choose a password
	MailReset    MailKind = "reset"    // of a forgotten password
	MailChanged  MailKind = "changed"  // after a password changed
	MailInvite   MailKind = "invite"   // to an organization
	MailNewEmail MailKind = "newemail" // to the new address of a user
	MailMoving   MailKind = "moving"   // to the old address, when a user requests another
	MailExpiring MailKind = "expiring" // of keys that end soon
)

// Mail is one mail to one person.
type Mail struct {
	Kind         MailKind
	To           string
	Name         string    // of who gets it, "" where it is not known
	Language     string    // tag of the texts, English if ""
	Token        string    // of the link, "" for none
	Until        time.Time // when the link expires
	Organization string    // name, of an invitation
	Role         Role      // of an invitation
	By           string    // who invites
	NewEmail     string    // the requested address, of a move
	Expiring     []ExpiringKey
	More         bool // there are more keys than those
}

// ExpiringKey is a key that ends soon, as a mail tells of it.
type ExpiringKey struct {
	ID, Name, Start, Last4 string
	Account, Organization  string // names
	EndsAt                 time.Time
}

// Mailer takes mails to be sent. Post does not wait until one is, so that
// nobody can tell by the time whether there was somebody to write to.
type Mailer interface {
	Post(m Mail)
}

type languageKey struct{}

// WithLanguage stores the caller's language: mails that the request causes use it
// if their recipient chose none.
func WithLanguage(ctx context.Context, tag string) context.Context {
	return context.WithValue(ctx, languageKey{}, tag)
}

// CatalogueFor returns the texts for the principal: in the language that the user
// chose, else the one that the value of Accept-Language asks for.
func CatalogueFor(p *Principal, accepted string) *texts.Catalogue {
	if p.User != nil && p.User.Language != "" {
		return texts.In(p.User.Language)
	}
	return texts.Accepted(accepted)
}

// languageFor is the language for the user: the one that they chose, else the
// request's.
func languageFor(ctx context.Context, u *User) string {
	asked, _ := ctx.Value(languageKey{}).(string)
	return cmp.Or(u.Language, asked)
}

// write posts the mail to the user, at the mail's address if it has one.
func (p *core) write(ctx context.Context, u *User, m Mail) {
	m.To, m.Name, m.Language = cmp.Or(m.To, u.Email), u.Name, languageFor(ctx, u)
	p.Mailer.Post(m)
}
