package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
	sealPurpose  = "webhook secret"
)

// newSecret returns a secret as people see it, and as it is stored.
func newSecret(sealer *seal.Sealer, now time.Time) (shown string, s Secret, err error) {
	raw := make([]byte, secretBytes)
	rand.Read(raw)
	sealed, err := sealer.Seal(sealPurpose, raw)
	if err != nil {
		return "", Secret{}, fmt.Errorf("seal the secret of a webhook: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(raw), Secret{Sealed: sealed, CreatedAt: keys.Moment(now)}, nil
}

// signature returns the value of webhook-signature: one signature for each valid secret.
func (e *Endpoint) signature(sealer *seal.Sealer, id string, at time.Time, body []byte) (string, error) {
	var all []string
	for i := range e.Secrets {
		s := &e.Secrets[i]
		if !s.EndsAt.IsZero() && !at.Before(s.EndsAt) {
			continue
		}
		raw, err := sealer.Open(sealPurpose, s.Sealed)
		if err != nil {
			return "", fmt.Errorf("open the secret of webhook %s: %w", e.ID, err)
		}
		mac := hmac.New(sha256.New, raw)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(all) == 0 {
		return "", errors.New("webhook " + e.ID + " has no valid secret")
	}
	return strings.Join(all, " "), nil
}
