package client

import "time"

// SignUp asks to become a user.
type SignUp struct {
	Email      string `json:"email"`
	Name       string `json:"name"`
	Password   string `json:"password"`
	Invitation string `json:"invitation,omitempty"` // its token
}

// LinkToken is the token of a mailed link.
type LinkToken struct {
	Token string `json:"token"`
}

// ForgottenPassword asks for a mail with a link to set a new password.
type ForgottenPassword struct {
	Email string `json:"email"`
}

// ResetPassword sets a new password with the token of such a link.
type ResetPassword struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

// ChangePassword changes the password of the calling user.
type ChangePassword struct {
	OldPassword string `json:"old_password"` // "" if the user has none
	Password    string `json:"password"`
	KeepToken   bool   `json:"keep_token"` // whether the token of POST /api/token/ stays valid
}

// ConfirmPassword repeats the password of the calling user.
type ConfirmPassword struct {
	Password string `json:"password"` // "" if the user has none
}

// MeSettings are the settings of the calling user. A new e-mail address needs the
// password and takes effect once it is confirmed.
type MeSettings struct {
	Name            string `json:"name"`
	Username        string `json:"username"` // "" for none
	Email           string `json:"email"`
	Language        string `json:"language"`                   // such as de; "" to follow the browser
	CurrentPassword string `json:"current_password,omitempty"` // for a new e-mail address
}

// OTPEnrolment is what a user enters on the device that generates one-time codes.
type OTPEnrolment struct {
	Secret string `json:"secret"` // Base32
	URL    string `json:"url"`    // otpauth://, for a QR code
}

// OTPCode is a one-time code.
type OTPCode struct {
	Code string `json:"code"`
}

// RecoveryCodes replace a one-time code; each works once.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recovery_codes"`
}

// Identity is an account at a provider that a user signs in with.
type Identity struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Subject  string `json:"subject"` // the provider's id for the account
	Email    string `json:"email"`
	Stamps
}

// Invite asks a person to become a member of an organization.
type Invite struct {
	Email string `json:"email"`
	MemberSettings
}

// Invitation is an open invitation to an organization.
type Invitation struct {
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
	Email          string `json:"email"`
	MemberSettings
	CreatedBy string    `json:"created_by"`
	ExpiresAt time.Time `json:"expires_at"`
	// Link is the URL to accept the invitation. It is set only in the response
	// that creates it, and only without a mail server.
	Link string `json:"link,omitempty"`
	Stamps
}
