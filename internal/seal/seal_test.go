package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func sealer(t testing.TB, secret string) *Sealer {
	t.Helper()
	s, err := New([]byte(strings.Repeat(secret, MinSecret)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOnlyTheSamePurposeAndSecretOpen(t *testing.T) {
	t.Parallel()
	s := sealer(t, "a")
	sealed, err := s.Seal("cookie", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("text")) {
		t.Error("the text can be read")
	}
	if got, err := s.Open("cookie", sealed); err != nil || string(got) != "text" {
		t.Errorf("opened %q, %v", got, err)
	}
	damaged := append([]byte{sealed[0] ^ 1}, sealed[1:]...)
	for name, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return s.Open("signing", sealed) },
		"another secret":  func() ([]byte, error) { return sealer(t, "b").Open("cookie", sealed) },
		"damaged":         func() ([]byte, error) { return s.Open("cookie", damaged) },
		"nothing":         func() ([]byte, error) { return s.Open("cookie", nil) },
	} {
		if got, err := open(); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: opened %q, %v", name, got, err)
		}
	}
}

func TestAShortSecretIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := New(make([]byte, MinSecret-1)); err == nil {
		t.Error("a short secret was taken")
	}
}
