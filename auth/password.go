package auth

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	zxcvbn "github.com/ccojocar/zxcvbn-go"
	"golang.org/x/text/unicode/norm"

	"github.com/latchkey/latchkey/errs"
)

// Bounds of passwords, in characters and bytes. The upper bound stops small
// requests from causing much hashing.
const (
	MinPasswordLength = 12
	MaxPasswordBytes  = 1024
)

// Passwords hashes, compares and rates passwords, with argon2id (RFC 9106). Both
// hashing and rating are slow: together they use at most half of the cores. A
// limited number of further calls wait briefly; the rest are refused and told to
// retry.
type Passwords struct {
	params *argon2id.Params
	places chan struct{}
	decoy  string

	waiting, refused atomic.Int64
}

const (
	hashingWait = 5 * time.Second
	mostWaiting = 100 // per place
)

// NewPasswords returns Passwords with the second parameter set recommended by
// OWASP's password storage guide: 19 MiB, 2 passes, 1 lane.
func NewPasswords() (*Passwords, error) {
	p := &Passwords{
		params: &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		places: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
	var err error
	p.decoy, err = argon2id.CreateHash("nobody's password", p.params)
	return p, err
}

// checkForm adds the faults of a new password that can be found cheaply.
func checkForm(f *errs.Faults, password string) {
	switch {
	case !utf8.ValidString(password):
		f.Add("password", "not_utf8")
	case strings.ContainsFunc(password, unicode.IsControl):
		f.Add("password", "has_control")
	case utf8.RuneCountInString(password) < MinPasswordLength:
		f.Add("password", "too_short", "least", MinPasswordLength)
	case len(password) > MaxPasswordBytes:
		f.Add("password", "too_long_in_bytes", "most", MaxPasswordBytes)
	}
}

// formFault returns the faults of checkForm as an error.
func formFault(password string) error {
	var f errs.Faults
	checkForm(&f, password)
	return f.Err()
}

// Rate returns errs.Invalid for a new password that is malformed or too easy to
// guess. Rating is expensive, so it is only for callers who may set a password,
// and it waits its turn as hashing does.
func (p *Passwords) Rate(ctx context.Context, password string) error {
	if err := formFault(password); err != nil {
		return err
	}
	release, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	if guessable(password) {
		return errs.BadField("password", "password_guessable")
	}
	return nil
}

// guessable reports whether lists of common passwords, names and patterns lead to
// the password in fewer than 10^6 tries (Wheeler, "zxcvbn", USENIX Security
// 2016). It reads only the beginning: the rest cannot make the password weaker,
// and the time grows much faster than the length.
func guessable(password string) bool {
	const looked, wanted = 24, 2
	runes := []rune(password)
	return zxcvbn.PasswordStrength(string(runes[:min(len(runes), looked)]), nil).Score < wanted
}

// Hash returns the password's hash in PHC string format.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	release, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(norm.NFC.String(password), p.params)
}

// Matches reports whether the hash is of the password, in Unicode's form NFC or,
// as in earlier releases, exactly as sent. An empty hash, for an unknown user or
// one without a password, matches nothing but takes just as long.
func (p *Passwords) Matches(ctx context.Context, password, hash string) (bool, error) {
	matches, _, err := p.compare(ctx, password, hash)
	return matches, err
}

// compare is Matches, and also reports whether the hash is of the password
// exactly as sent rather than of its NFC form.
func (p *Passwords) compare(ctx context.Context, password, hash string) (matches, raw bool, err error) {
	matches, err = p.matches(ctx, norm.NFC.String(password), hash)
	if err != nil || matches || norm.NFC.IsNormalString(password) {
		return matches, false, err
	}
	matches, err = p.matches(ctx, password, hash)
	return matches, matches, err
}

func (p *Passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	if len(password) > MaxPasswordBytes {
		return false, nil
	}
	release, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	if hash == "" {
		_, err := argon2id.ComparePasswordAndHash(password, p.decoy)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}

// Outdated reports whether the hash was made with parameters other than the
// current ones.
func (p *Passwords) Outdated(hash string) bool {
	params, _, _, err := argon2id.DecodeHash(hash)
	return err == nil && (params.Memory != p.params.Memory || params.Iterations != p.params.Iterations ||
		params.Parallelism != p.params.Parallelism)
}

// PasswordStats shows how busy hashing is.
type PasswordStats struct {
	Running int    // hashes being made or compared
	Places  int    // how many may run at once
	Waiting int    // requests that wait for a place
	Refused uint64 // requests refused after waiting
}

// Stats returns how busy hashing is.
func (p *Passwords) Stats() PasswordStats {
	return PasswordStats{
		Running: len(p.places), Places: cap(p.places), Waiting: int(p.waiting.Load()),
		Refused: uint64(p.refused.Load()), //nolint:gosec // G115: it only grows
	}
}

func (p *Passwords) enter(ctx context.Context) (release func(), err error) {
	select {
	case p.places <- struct{}{}:
		return func() { <-p.places }, nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > int64(mostWaiting*cap(p.places)) {
		return nil, p.refuse()
	}
	timer := time.NewTimer(hashingWait)
	defer timer.Stop()
	select {
	case p.places <- struct{}{}:
		return func() { <-p.places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, p.refuse()
	}
}

func (p *Passwords) refuse() error {
	p.refused.Add(1)
	e := errs.New(errs.Unavailable, "sign_ins_busy")
	e.RetryAfter = hashingWait
	return e
}
