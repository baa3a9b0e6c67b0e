package keys_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

func TestNewKeysAreWellFormedAndDiffer(t *testing.T) {
	t.Parallel()
	f, seen := keystest.Format(t), map[string]bool{}
	for range 1000 {
		text := f.New(keys.Test).Reveal()
		if f.Check(text) != nil || len(text) != len("lk_test_")+43+6 || seen[text] {
			t.Fatalf("%q is malformed or not new", text)
		}
		seen[text] = true
	}
}

// The checksum is the one that scanners compute, and free on the hot path.
func TestChecksumIsCRC32(t *testing.T) {
	t.Parallel()
	f := keystest.Format(t)
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for range 100 {
		text := f.New(keys.Live).Reveal()
		want := make([]byte, 6)
		for i, n := 5, crc32.ChecksumIEEE([]byte(text[:len(text)-6])); i >= 0; i, n = i-1, n/62 {
			want[i] = digits[n%62]
		}
		if got := text[len(text)-6:]; got != string(want) {
			t.Fatalf("the checksum of a key is %s, want %s", got, want)
		}
	}
}

func TestCheckingAllocatesNothing(t *testing.T) {
	f := keystest.Format(t)
	text := f.New(keys.Live).Reveal()
	if n := testing.AllocsPerRun(100, func() { _ = f.Check(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAnyChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	f := keystest.Format(t)
	text := f.New(keys.Live).Reveal()
	for i := range text {
		changed := []byte(text)
		changed[i] = 'x'
		if text[i] == 'x' {
			changed[i] = 'y'
		}
		if f.Check(string(changed)) == nil {
			t.Errorf("a change at %d goes unnoticed", i)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	secret := keystest.Format(t).New(keys.Live)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "hash", keys.HashOf(secret.Reveal()))
	fmt.Fprintf(&log, "%v %s %#v %v", secret, secret, secret, keys.HashOf(secret.Reveal()))
	if strings.Contains(log.String(), secret.Reveal()) || strings.Contains(log.String(), keys.HashOf(secret.Reveal()).Hex()) {
		t.Error("a secret or its hash was printed")
	}
	if b, err := json.Marshal(map[string]any{"s": secret}); err == nil {
		t.Errorf("a secret was encoded as %s", b)
	}
}

func FuzzCheck(f *testing.F) {
	form := keystest.Format(f)
	f.Add(form.New(keys.Live).Reveal())
	f.Add("lk_live_")
	f.Fuzz(func(t *testing.T, text string) {
		if form.Check(text) == nil && (!form.Looks(text) || len(text) != 57) {
			t.Errorf("%q was taken for a key", text)
		}
	})
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, grant, scope string
		want               bool
	}{
		{"exact scope is allowed", "orders:read", "orders:read", true},
		{"read does not imply write", "orders:read", "orders:write", false},
		{"wildcard covers its resource", "orders:*", "orders:read", true},
		{"wildcard covers itself", "orders:*", "orders:*", true},
		{"wildcard stays in its resource", "orders:*", "users:read", false},
		{"wildcard does not cover a longer name", "order:*", "orders:read", false},
		{"wildcard reaches deeper parts", "latchkey:*", "latchkey:keys:read", true},
		{"star covers everything", "*", "orders:read", true},
		{"resource wildcard does not cover star", "orders:*", "*", false},
		{"star does not cross tenants", "*", string(keys.VerifyAllKeys), false},
		{"management wildcard does not cross tenants", "latchkey:*", string(keys.VerifyAllKeys), false},
		{"crossing tenants is granted by name", string(keys.VerifyAllKeys), string(keys.VerifyAllKeys), true},
		{"star does not tell of the service", "*", string(keys.ReadMetrics), false},
		{"management wildcard does not tell of the service", "latchkey:*", string(keys.ReadMetrics), false},
		{"nor does that of metrics", "latchkey:metrics:*", string(keys.ReadMetrics), false},
		{"an empty grant covers nothing", "", "orders:read", false},
	} {
		if got := keys.Covers(tt.grant, tt.scope); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
}

func FuzzCovers(f *testing.F) {
	f.Add("orders:*", "orders:read")
	f.Add("*", "a:b")
	f.Fuzz(func(t *testing.T, grant, scope string) {
		if !keys.ValidGrant(grant) || !keys.ValidScope(scope) || !keys.Covers(grant, scope) || grant == scope || grant == keys.AnyScope {
			return
		}
		if prefix, ok := strings.CutSuffix(grant, "*"); !ok || !strings.HasPrefix(scope, prefix) {
			t.Errorf("%q covers %q", grant, scope)
		}
	})
}
