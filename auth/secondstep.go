package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// pending is a sign-in with the right password that still needs its one-time
// code. The browser keeps it, sealed.
type pending struct {
	UserID   string    `json:"user_id"`
	Password [32]byte  `json:"password"` // digest of the hash: a new password ends it
	Until    time.Time `json:"until"`
}

const (
	pendingPurpose = "second step of a sign-in"
	// PendingLife is how long the user may take for the second step.
	PendingLife = 5 * time.Minute
)

var errPendingOver = wrongCredential("sign_in_too_long")

// Pending returns what the user's browser keeps until the one-time code is
// entered. Call it after SignIn has returned the user with CodeRequired.
func (p *Sessions) Pending(u *User) (string, error) {
	text, err := json.Marshal(pending{UserID: u.ID, Password: sha256.Sum256([]byte(u.PasswordHash)), Until: p.Now().Add(PendingLife)})
	if err != nil {
		return "", fmt.Errorf("encode a sign-in: %w", err)
	}
	sealed, err := p.Sealer.Seal(pendingPurpose, text)
	if err != nil {
		return "", fmt.Errorf("seal a sign-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (p *Sessions) openPending(kept string) (n pending, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return n, errPendingOver
	}
	text, err := p.Sealer.Open(pendingPurpose, sealed)
	if err != nil || json.Unmarshal(text, &n) != nil || !p.Now().Before(n.Until) {
		return n, errPendingOver
	}
	return n, nil
}

// SecondStep finishes the pending sign-in with a one-time or recovery code. Wrong
// codes cause delays just as wrong passwords do.
func (p *Sessions) SecondStep(ctx context.Context, kept, code string) (token string, err error) {
	n, err := p.openPending(kept)
	if err != nil {
		return "", err
	}
	u, err := p.users.active(ctx, n.UserID)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(u.PasswordHash))
	if subtle.ConstantTimeCompare(digest[:], n.Password[:]) != 1 {
		return "", errPendingOver
	}
	try, err := p.Delays.Begin(ctx, u.ID)
	if err != nil {
		return "", err
	}
	defer try.Excuse()
	if err := p.codes.checkCode(ctx, &u, code); err != nil {
		if errors.Is(err, errWrongSignIn) {
			try.Fail()
		}
		return "", errors.Join(errWrongCode(err), p.recordFailure(ctx, u.Email, err))
	}
	try.Succeed()
	token, _, err = p.Begin(ctx, u)
	return token, err
}

// errWrongCode replaces errWrongSignIn with an error about the code only.
func errWrongCode(err error) error {
	if errors.Is(err, errWrongSignIn) {
		return errs.WithCode(errs.Unauthenticated, "authentication_failed", "code_wrong")
	}
	return err
}
