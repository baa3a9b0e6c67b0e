package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/internal/proxies"
)

// Basic authenticates a user on each request by password and user name or e-mail
// address (RFC 7617). It refuses users with one-time codes: the password alone is
// not enough for them, and a code cannot be used for a second request.
type Basic struct {
	people *People
	logger *slog.Logger
	warn   sync.Once
}

// NewBasic returns the authenticator "basic".
func NewBasic(p *People, logger *slog.Logger) *Basic { return &Basic{people: p, logger: logger} }

// Name implements Authenticator.
func (b *Basic) Name() string { return "basic" }

// Challenge implements Authenticator.
func (b *Basic) Challenge() string { return `Basic realm="latchkey", charset="UTF-8"` }

// Authenticate implements Authenticator.
func (b *Basic) Authenticate(r *http.Request) (*Principal, error) {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, nil
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return nil, wrongCredential("basic_malformed")
	}
	if client := proxies.ClientOf(r.Context()); !client.Secure && !client.Address.IsLoopback() {
		b.warn.Do(func() {
			b.logger.Warn("a password was sent by Basic authentication without TLS; this is said once")
		})
	}
	return b.principal(r.Context(), name, password)
}

func (b *Basic) principal(ctx context.Context, name, password string) (*Principal, error) {
	u, err := b.people.Sessions.Check(ctx, Login{Name: name, Password: password})
	if err != nil {
		return nil, err
	}
	p, err := b.people.Users.Principal(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("basic: %w", err)
	}
	return p.prove(byPassword, time.Time{}), nil
}
