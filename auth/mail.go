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
}

// Mailer takes mails to be sent. Post does not wait until one is, so that
// nobody can tell by the time whether there was somebody to write to.
type Mailer interface {
	Post(m Mail)
}
