// Package github checks the signatures of GitHub's secret scanning partner program:
// ECDSA P-256 with SHA-256 over the raw body, by a key that GitHub publishes. See
// https://docs.github.com/code-security/secret-scanning/secret-scanning-partner-program.
package github

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// The headers of a report.
const (
	IdentifierHeader = "Github-Public-Key-Identifier"
	SignatureHeader  = "Github-Public-Key-Signature"
)

// DefaultAddress is where GitHub publishes its keys.
const DefaultAddress = "https://api.github.com/meta/public_keys/secret_scanning"

const (
	mostKeys     = 100
	mostBytes    = 64 << 10
	mostText     = 256 // bytes of an identifier or signature
	fetchTimeout = 5 * time.Second
	// pause is the least time between two fetches, whatever identifiers come.
	pause = time.Minute
	// life is when keys are fetched again: GitHub may have withdrawn one.
	life = 24 * time.Hour
)

// Config is what Keys need.
type Config struct {
	Address string           // DefaultAddress if ""
	Client  *http.Client     // http.DefaultClient if nil
	Now     func() time.Time // time.Now if nil
}

// Keys checks signatures. It fetches GitHub's keys when it first needs them.
type Keys struct {
	Config
	mu      sync.Mutex
	byID    map[string]*ecdsa.PublicKey
	fetched time.Time // the last success
	tried   time.Time
	failed  error // of the last try
}

// New returns Keys.
func New(c Config) *Keys {
	if c.Address == "" {
		c.Address = DefaultAddress
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Keys{Config: c}
}

// Shaped returns errs.Unauthenticated if the headers cannot be those of a report. It
// needs no body and no key.
func Shaped(identifier, signature string) error {
	if _, err := decode(identifier, signature); err != nil {
		return wrong()
	}
	return nil
}

func decode(identifier, signature string) ([]byte, error) {
	if identifier == "" || signature == "" || len(identifier) > mostText || len(signature) > mostText {
		return nil, errors.New("no identifier or signature")
	}
	return base64.StdEncoding.DecodeString(signature)
}

// Check returns errs.Unauthenticated unless GitHub signed the body, and errs.Unavailable
// if its keys cannot be read.
func (k *Keys) Check(ctx context.Context, identifier, signature string, body []byte) error {
	sum, err := decode(identifier, signature)
	if err != nil {
		return wrong()
	}
	key, err := k.key(ctx, identifier)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	if key == nil || !ecdsa.VerifyASN1(key, digest[:], sum) {
		return wrong()
	}
	return nil
}

func wrong() error { return errs.New(errs.Unauthenticated, "report_unsigned") }

// key returns the key with the identifier, nil if GitHub has none.
func (k *Keys) key(ctx context.Context, identifier string) (*ecdsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	known := k.byID[identifier]
	if (known == nil || now.Sub(k.fetched) > life) && (k.tried.IsZero() || now.Sub(k.tried) >= pause) {
		k.tried = now
		k.failed = k.fetch(context.WithoutCancel(ctx)) // others wait for it, too
		known = k.byID[identifier]
	}
	if known == nil && k.failed != nil {
		return nil, errs.New(errs.Unavailable, "github_keys")
	}
	return known, nil
}

// fetch replaces the keys; after an error those that are known stay.
func (k *Keys) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.Address, nil)
	if err != nil {
		return err
	}
	response, err := k.Client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the keys are answered with %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	if err != nil {
		return err
	}
	if len(body) > mostBytes {
		return errors.New("the keys are too long")
	}
	byID, err := parse(body)
	if err != nil {
		return err
	}
	k.byID, k.fetched = byID, k.Now()
	return nil
}

func parse(body []byte) (map[string]*ecdsa.PublicKey, error) {
	var published struct {
		PublicKeys []struct {
			Identifier string `json:"key_identifier"`
			Key        string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.Unmarshal(body, &published); err != nil {
		return nil, fmt.Errorf("decode the keys: %w", err)
	}
	if len(published.PublicKeys) > mostKeys {
		return nil, errors.New("there are too many keys")
	}
	byID := map[string]*ecdsa.PublicKey{}
	for _, one := range published.PublicKeys {
		block, _ := pem.Decode([]byte(one.Key))
		if block == nil {
			continue
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if key, ok := parsed.(*ecdsa.PublicKey); err == nil && ok && key.Curve == elliptic.P256() {
			byID[one.Identifier] = key
		}
	}
	if len(byID) == 0 {
		return nil, errors.New("there is no usable key")
	}
	return byID, nil
}
