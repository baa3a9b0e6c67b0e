package leaks

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
)

// signedLife is how old the timestamp of a signed report may be, or how far ahead.
const signedLife = 5 * time.Minute

// Signed checks reports that a partner has signed: a header "t=SECONDS,v1=HEX" with the
// HMAC-SHA-256 of "SECONDS.BODY" under a shared secret.
type Signed struct {
	Secret []byte
	// Once stores what has been seen, for at least as long as a signature is good.
	Once interface {
		InsertIdempotency(ctx context.Context, r idempotency.Record) error
	}
	Now func() time.Time
}

// Sign returns the header for the body.
func (s *Signed) Sign(at time.Time, body []byte) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(s.sum(stamp, body))
}

func (s *Signed) sum(stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, s.Secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Fresh returns errs.Unauthenticated unless the header has the right form and a timestamp
// of the last minutes. It needs no body, so it comes first.
func (s *Signed) Fresh(header string) error {
	_, _, err := s.parse(header)
	return err
}

func (s *Signed) parse(header string) (stamp string, sum []byte, err error) {
	first, second, _ := strings.Cut(header, ",")
	stamp, stamped := strings.CutPrefix(first, "t=")
	signature, signed := strings.CutPrefix(second, "v1=")
	seconds, errStamp := strconv.ParseInt(stamp, 10, 64)
	sum, errSum := hex.DecodeString(signature)
	if !stamped || !signed || errStamp != nil || errSum != nil || len(sum) != sha256.Size {
		return "", nil, errs.New(errs.Unauthenticated, "report_unsigned")
	}
	if age := s.Now().Sub(time.Unix(seconds, 0)); age > signedLife || age < -signedLife {
		return "", nil, errs.New(errs.Unauthenticated, "report_old", "most", signedLife)
	}
	return stamp, sum, nil
}

// Check returns errs.Unauthenticated for a wrong or old signature.
func (s *Signed) Check(header string, body []byte) error {
	stamp, sum, err := s.parse(header)
	if err != nil {
		return err
	}
	if !hmac.Equal(sum, s.sum(stamp, body)) {
		return errs.New(errs.Unauthenticated, "report_unsigned")
	}
	return nil
}

// First returns errs.Conflict if the signature, which has been checked, came before. A
// report that is repeated needs a new timestamp.
func (s *Signed) First(ctx context.Context, header string) error {
	_, sum, err := s.parse(header)
	if err != nil {
		return err
	}
	seen := sha256.Sum256(append([]byte("signed leak report "), sum...))
	err = s.Once.InsertIdempotency(ctx, idempotency.Record{Key: seen, CreatedAt: s.Now().UTC().Truncate(time.Millisecond), Made: true})
	if errors.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "report_replayed")
	}
	if err != nil {
		return fmt.Errorf("remember a signed report: %w", err)
	}
	return nil
}
