package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

const (
	oldSecret = "the secret until now, which has enough letters"
	newSecret = "the secret from now on, which has enough letters"
	signsInBy = "correct horse battery staple"
)

// vault is a store with everything that is sealed in it.
type vault struct {
	t     *testing.T
	dir   string
	token string // of the user who signs in by password
}

func newVault(t *testing.T, settings ...string) *vault {
	t.Helper()
	v := &vault{t: t, dir: t.TempDir()}
	v.open(func(ctx context.Context, a *app) error {
		ada, err := a.People.Users.Create(ctx, auth.System(), "", auth.UserFields{Email: "ada@example.com", Password: signsInBy})
		if err != nil {
			return err
		}
		p, err := a.People.Users.Principal(ctx, ada)
		if err != nil {
			return err
		}
		if _, err := a.People.Codes.Begin(ctx, p); err != nil {
			return err
		}
		if _, err = a.People.Users.Create(ctx, auth.System(), "", auth.UserFields{Email: "bob@example.com", Password: signsInBy}); err != nil {
			return err
		}
		v.token, err = v.obtain(ctx, a)
		return err
	}, settings...)
	return v
}

func (*vault) obtain(ctx context.Context, a *app) (string, error) {
	secret, err := a.People.Tokens.ObtainToken(ctx, auth.Login{Name: "bob@example.com", Password: signsInBy}, a.format)
	return secret.Reveal(), err
}

func (v *vault) environment(settings ...string) []string {
	return append([]string{"LATCHKEY_DATA_DIR=" + v.dir}, settings...)
}

// open runs do on the store as a command does.
func (v *vault) open(do func(context.Context, *app) error, settings ...string) {
	v.t.Helper()
	if err := withStore(v.t.Context(), source{v.environment(settings...), nil}, io.Discard, do); err != nil {
		v.t.Fatal(err)
	}
}

// rotate runs the command.
func (v *vault) rotate(settings ...string) (string, error) {
	var out bytes.Buffer
	cmd := newCommand(v.environment(settings...), strings.NewReader(""), &out, io.Discard)
	cmd.SetArgs([]string{"secret", "rotate"})
	err := cmd.ExecuteContext(v.t.Context())
	return out.String(), err
}

// reads checks that everything opens with the settings, and the token is the same.
func (v *vault) reads(what string, settings ...string) {
	v.t.Helper()
	v.open(func(ctx context.Context, a *app) error {
		n, err := reseal(ctx, a.store, a.sealer, false)
		if err != nil || n != 0 {
			v.t.Errorf("%s: %d secrets are under an earlier one, %v", what, n, err)
		}
		token, err := v.obtain(ctx, a)
		if token != v.token {
			v.t.Errorf("%s: signing in answers another token", what)
		}
		return err
	}, settings...)
}

// TestASecretIsRotated, by settings.
func TestASecretIsRotated(t *testing.T) {
	t.Parallel()
	v := newVault(t, "LATCHKEY_SECRET="+oldSecret)
	v.open(func(ctx context.Context, a *app) error { // both settings, before it is run
		token, err := v.obtain(ctx, a)
		if token != v.token {
			t.Error("with both secrets, signing in answers another token")
		}
		return err
	}, "LATCHKEY_SECRET="+newSecret, "LATCHKEY_SECRET_PREVIOUS="+oldSecret)
	out, err := v.rotate("LATCHKEY_SECRET="+newSecret, "LATCHKEY_SECRET_PREVIOUS="+oldSecret)
	if err != nil || !strings.Contains(out, "sealed 3 secrets anew") {
		t.Fatalf("%s %v", out, err)
	}
	v.reads("afterwards", "LATCHKEY_SECRET="+newSecret)
	out, err = v.rotate("LATCHKEY_SECRET="+newSecret, "LATCHKEY_SECRET_PREVIOUS="+oldSecret)
	if err != nil || !strings.Contains(out, "sealed 0 secrets anew") {
		t.Errorf("again: %s %v", out, err)
	}
}

// TestAWrongOldSecretChangesNothing.
func TestAWrongOldSecretChangesNothing(t *testing.T) {
	t.Parallel()
	v := newVault(t, "LATCHKEY_SECRET="+oldSecret)
	for _, settings := range [][]string{
		{"LATCHKEY_SECRET=" + newSecret, "LATCHKEY_SECRET_PREVIOUS=" + strings.Repeat("x", seal.MinSecret)},
		{"LATCHKEY_SECRET=" + newSecret},
		{"LATCHKEY_SECRET_PREVIOUS=" + oldSecret},
		{"LATCHKEY_SECRET=" + newSecret, "LATCHKEY_SECRET_PREVIOUS=short"},
		nil,
	} {
		if out, err := v.rotate(settings...); err == nil {
			t.Errorf("%v: %s", settings, out)
		}
	}
	v.reads("afterwards", "LATCHKEY_SECRET="+oldSecret)
}

// TestARotationThatBrokeOffGoesOn: some is under the new secret already.
func TestARotationThatBrokeOffGoesOn(t *testing.T) {
	t.Parallel()
	v := newVault(t, "LATCHKEY_SECRET="+oldSecret)
	sealer, err := seal.New([]byte(newSecret), []byte(oldSecret))
	if err != nil {
		t.Fatal(err)
	}
	v.open(func(ctx context.Context, a *app) error {
		all, err := a.store.SigningKeys().List(ctx, keys.NoFilter{}, keys.Page{Limit: 1})
		if err != nil {
			return err
		}
		k := all[0]
		k.Sealed, _, err = sealer.Reseal("signing key", k.Sealed)
		k.Revision++
		return errors.Join(err, a.store.SigningKeys().Replace(ctx, k))
	}, "LATCHKEY_SECRET="+oldSecret)
	out, err := v.rotate("LATCHKEY_SECRET="+newSecret, "LATCHKEY_SECRET_PREVIOUS="+oldSecret)
	if err != nil || !strings.Contains(out, "sealed 2 secrets anew") {
		t.Fatalf("%s %v", out, err)
	}
	v.reads("afterwards", "LATCHKEY_SECRET="+newSecret)
}

// TestTheSecretInTheDataFolderIsRotated, also where that broke off.
func TestTheSecretInTheDataFolderIsRotated(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	file := filepath.Join(v.dir, "secret")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&config{dataDir: v.dir}).renewKeptSecret(); err != nil { // and there it breaks off
		t.Fatal(err)
	}
	for i, want := range []string{"sealed 3 secrets anew", "sealed 3 secrets anew"} {
		out, err := v.rotate()
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("run %d: %s %v", i, out, err)
		}
		v.reads("afterwards")
		if _, err := os.Stat(file + ".previous"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the old secret is still there: %v", err)
		}
	}
	after, err := os.ReadFile(file)
	info, statErr := os.Stat(file)
	if err != nil || statErr != nil || string(after) == string(before) || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret is the same, or %v is wrong: %v", info, errors.Join(err, statErr))
	}
}
