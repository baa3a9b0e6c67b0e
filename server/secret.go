package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/latchkey/latchkey/internal/seal"
)

// sealer returns a Sealer that seals under the service's secret and also opens
// what was sealed under the previous one.
func (c *config) sealer() (*seal.Sealer, error) {
	secret, err := c.readSecret()
	if err != nil {
		return nil, err
	}
	previous := []byte(c.previousSecret)
	if c.secret == "" && c.previousSecret == "" {
		kept, err := os.ReadFile(c.keptSecret(".previous")) // exists during a rotation
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the secret before this one: %w", err)
		}
		previous = []byte(strings.TrimSpace(string(kept)))
	}
	var earlier [][]byte
	if len(previous) > 0 {
		earlier = append(earlier, previous)
	}
	s, err := seal.New(secret, earlier...)
	if err != nil {
		return nil, fmt.Errorf("LATCHKEY_SECRET: %w", err)
	}
	return s, nil
}

// readSecret returns the configured secret, or the one in the data folder, which
// the first start creates.
func (c *config) readSecret() ([]byte, error) {
	if c.secret != "" {
		return []byte(c.secret), nil
	}
	path := filepath.Join(c.dataDir, "secret")
	for range 2 {
		kept, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the folder
		if err == nil && len(strings.TrimSpace(string(kept))) < seal.MinSecret {
			return nil, fmt.Errorf("the file %s holds no secret of at least %d characters", path, seal.MinSecret)
		}
		if err == nil {
			return []byte(strings.TrimSpace(string(kept))), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the secret (LATCHKEY_SECRET): %w", err)
		}
		if err := makeSecret(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make a secret (LATCHKEY_SECRET): %w", err)
		}
	}
	return nil, errors.New("the secret in the data folder comes and goes")
}

// warnOfExposed warns about secret files that others on the machine can read. It
// does not change them: a group may have access on purpose.
func (a *app) warnOfExposed(ctx context.Context) {
	var all []string
	if s, is := a.store.(interface{ Exposed() []string }); is {
		all = s.Exposed()
	}
	if path := filepath.Join(a.config.dataDir, "secret"); a.config.secret == "" {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			all = append(all, path)
		}
	}
	if len(all) > 0 {
		a.logger.WarnContext(ctx, "others on this machine may read or write these files; chmod 600 them", "files", all)
	}
}

// makeSecret writes a new secret completely or not at all, and never overwrites
// one.
func makeSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "secret-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(rand.Text() + rand.Text() + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	return errors.Join(err, os.Remove(f.Name()))
}
