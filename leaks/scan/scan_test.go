package scan_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks/scan"
)

// found collects findings and faults.
type found struct {
	findings []scan.Finding
	faults   []error
}

func scanner(t *testing.T) (*scan.Scanner, *found) {
	t.Helper()
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	f := &found{}
	return &scan.Scanner{
		Format: format,
		Found:  func(one scan.Finding) error { f.findings = append(f.findings, one); return nil },
		Fault:  func(err error) { f.faults = append(f.faults, err) },
	}, f
}

func newKey(t *testing.T, s *scan.Scanner) string {
	t.Helper()
	return s.Format.New(keys.Live).Reveal()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func at(key, path string, line int) scan.Finding {
	return scan.Finding{Path: path, Line: line, Start: key[:12], Last4: key[len(key)-4:]}
}

func TestKeysAreFoundWhereverTheyAre(t *testing.T) {
	t.Parallel()
	s, f := scanner(t)
	key, token := newKey(t, s), s.Format.NewToken().Reveal()
	mistyped := key[:20] + string([]byte{key[20] ^ 1}) + key[21:]
	long := strings.Repeat("x", 64<<10-30)
	text := strings.Join([]string{
		"nothing", `{"key":"` + key + `"}`, "prefix" + key + "suffix", mistyped, key[:50], "sk_live_" + key[8:], token,
		long + key + long + key, "lk_lk_live_" + key + key,
	}, "\n")
	must(t, s.Stream(t.Context(), "f", strings.NewReader(text)))
	want := []scan.Finding{
		at(key, "f", 2), at(key, "f", 3), at(token, "f", 7), at(key, "f", 8), at(key, "f", 8), at(key, "f", 9), at(key, "f", 9),
	}
	if diff := cmp.Diff(want, f.findings); diff != "" {
		t.Error(diff)
	}
}

func TestFoldersAreWalked(t *testing.T) {
	t.Parallel()
	s, f := scanner(t)
	key, dir := newKey(t, s), t.TempDir()
	for path, text := range map[string]string{"a/.env": "KEY=" + key, "b.bin": "\x00\xff" + key, ".git/config": key, "c": "none"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600))
	}
	must(t, os.Symlink(filepath.Join(dir, "b.bin"), filepath.Join(dir, "link")))
	must(t, s.Path(t.Context(), dir))
	want := []scan.Finding{at(key, filepath.Join(dir, "a/.env"), 1), at(key, filepath.Join(dir, "b.bin"), 1)}
	if diff := cmp.Diff(want, f.findings); diff != "" {
		t.Error(diff)
	}
	must(t, s.Path(t.Context(), filepath.Join(dir, "absent")))
	must(t, s.Stream(t.Context(), "f", iotest.ErrReader(errors.New("broken"))))
	if len(f.faults) != 2 {
		t.Errorf("faults: %v", f.faults)
	}
}

func TestHistoriesAreRead(t *testing.T) {
	t.Parallel()
	s, f := scanner(t)
	key, dir := newKey(t, s), t.TempDir()
	git := func(args ...string) string {
		args = append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	must(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("KEY="+key+"\n"), 0o600))
	git("add", ".")
	git("commit", "-qm", "begin")
	commit := git("rev-parse", "HEAD")
	must(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("KEY=\n"), 0o600))
	git("commit", "-qam", "remove the key")
	must(t, s.History(t.Context(), dir))
	want := at(key, ".env", 0)
	want.Commit = commit
	if diff := cmp.Diff([]scan.Finding{want}, f.findings); diff != "" || len(f.faults) > 0 {
		t.Error(diff, f.faults)
	}
	must(t, s.History(t.Context(), filepath.Join(dir, "absent")))
	if len(f.faults) != 1 {
		t.Errorf("a folder that is no repository: %v", f.faults)
	}
}

func TestAScanEndsWithItsContextOrItsReader(t *testing.T) {
	t.Parallel()
	s, _ := scanner(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Path(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("walked on: %v", err)
	}
	full := errors.New("full")
	s.Found = func(scan.Finding) error { return full }
	if err := s.Stream(t.Context(), "f", strings.NewReader(newKey(t, s))); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("lk_live_"))
	f.Fuzz(func(t *testing.T, junk []byte) {
		s, got := scanner(t)
		key := newKey(t, s)
		text := append(append(append([]byte{}, junk...), '\n'), key...)
		must(t, s.Stream(t.Context(), "f", iotest.OneByteReader(bytes.NewReader(append(text, junk...)))))
		if len(got.findings) == 0 {
			t.Errorf("%q hides a key", junk)
		}
		for _, one := range got.findings {
			if len(one.Start)+len(one.Last4) > 16 {
				t.Errorf("shows %+v", one)
			}
		}
	})
}
