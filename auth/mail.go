package auth

import (
	"cmp"
	"context"
	"time"

	"github.com/latchkey/latchkey/internal/texts"
)

// MailKind is the kind of a mail.
type MailKind string

// The kinds.
const (
	MailConfirm  MailKind = "confirm"  // to someone who signed up
	MailExists   MailKind = "exists"   // to someone who signed up again
	MailFinish   MailKind = "finish"   // to someone who signed up twice, to choose a password
	MailReset    MailKind = "reset"    // for a forgotten password
	MailChanged  MailKind = "changed"  // after a password changed
	MailInvite   MailKind = "invite"   // to an organization
	MailNewEmail MailKind = "newemail" // to a user's new address
	MailMoving   MailKind = "moving"   // to the old address when a user requests another
	MailExpiring MailKind = "expiring" // about keys that end soon
	MailLeaked   MailKind = "leaked"   // about leaked keys, to those who look after them
	MailPlain    MailKind = "plain"    // about a key that arrived without TLS

	MailLeakedStaff MailKind = "leakedstaff" // about leaked keys that reach beyond their organization
	MailLeakedToken MailKind = "leakedtoken" // about a user's leaked tokens

	MailWebhook MailKind = "webhook" // about a webhook that fails
)

// Mail is one mail to one person.
type Mail struct {
	Kind         MailKind
	To           string
	Name         string    // of the recipient, "" if unknown
	Language     string    // tag of the texts, English if ""
	Token        string    // of the link, "" for none
	Until        time.Time // when the link expires
	Organization string    // name, for an invitation
	Role         Role      // for an invitation
	By           string    // name of the inviter
	NewEmail     string    // the requested address, for MailMoving
	Expiring     []ExpiringKey
	More         bool // there are more keys than listed
	Exposed      []ExposedKey
	Webhook      AboutWebhook
}

// AboutWebhook is a webhook that fails.
type AboutWebhook struct {
	ID, OrganizationID string
	Organization       string // name, "" for the provider's
	Host               string // of its target
	What               string // parked, gone or failing
}

// ExposedKey is a key that somebody should not have, as listed in a mail.
type ExposedKey struct {
	ID, Name, Start, Last4 string
	Account, Organization  string // names
	Outcome                string // what was done: revoked, disabled, told, or holder if its holder revoked it
}

// ExpiringKey is a key that ends soon, as listed in a mail.
type ExpiringKey struct {
	ID, Name, Start, Last4 string
	Account, Organization  string // names
	EndsAt                 time.Time
}

// Mailer queues mails. Post does not wait until a mail is sent, so the time it
// takes does not reveal whether there was a recipient.
type Mailer interface {
	Post(m Mail)
}

type languageKey struct{}

// WithLanguage stores the caller's language: mails that the request causes use it
// if their recipient chose none.
func WithLanguage(ctx context.Context, tag string) context.Context {
	return context.WithValue(ctx, languageKey{}, tag)
}

// CatalogueFor returns the texts for the principal, in the language that the user
// chose, or else the best match for accepted, a value of Accept-Language.
func CatalogueFor(p *Principal, accepted string) *texts.Catalogue {
	if p.User != nil && p.User.Language != "" {
		return texts.In(p.User.Language)
	}
	return texts.Accepted(accepted)
}

// languageFor returns the language that the user chose, or else the request's.
func languageFor(ctx context.Context, u *User) string {
	asked, _ := ctx.Value(languageKey{}).(string)
	return cmp.Or(u.Language, asked)
}

// write posts the mail to its address, or to the user's if it has none.
func (p *core) write(ctx context.Context, u *User, m Mail) {
	m.To, m.Name, m.Language = cmp.Or(m.To, u.Email), u.Name, languageFor(ctx, u)
	p.Mailer.Post(m)
}
