package auth

import "time"

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
	MailMoving   MailKind = "moving"   // to the old address, when another is asked for
	MailExpiring MailKind = "expiring" // of keys that end soon
)

// Mail is one mail to one person.
type Mail struct {
	Kind         MailKind
	To           string
	Name         string    // of who gets it, "" where it is not known
	Token        string    // of the link, "" for none
	Until        time.Time // when the link expires
	Organization string    // name, of an invitation
	Role         Role      // of an invitation
	By           string    // who invites
	NewEmail     string    // the address that is asked for, of a move
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
