// Package check runs the rule of docs/rules/gitleaks.toml with gitleaks' own code. It is
// a separate module, so that the service does not depend on gitleaks.
package check

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fatih/semgroup"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/sources"
)

const (
	ruleID   = "latchkey_api_key"
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// base62 writes the number with so many digits.
func base62(n *big.Int, width int) string {
	digits, base := make([]byte, width), big.NewInt(int64(len(alphabet)))
	for i := width - 1; i >= 0; i-- {
		digit := new(big.Int)
		n.DivMod(n, base, digit)
		digits[i] = alphabet[digit.Int64()]
	}
	return string(digits)
}

// newKey makes a key from what /.well-known/latchkey-keys.json says, without
// Latchkey's code.
func newKey(start string) string {
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	body := start + base62(new(big.Int).SetBytes(random), 43)
	return body + base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(body)))), 6)
}

// rules reads the rule as gitleaks' command does.
func rules(t *testing.T) config.Config {
	t.Helper()
	v := viper.New()
	v.SetConfigFile("../gitleaks.toml")
	if err := v.ReadInConfig(); err != nil {
		t.Fatal(err)
	}
	var read config.ViperConfig
	if err := v.Unmarshal(&read); err != nil {
		t.Fatal(err)
	}
	c, err := read.Translate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGitleaksFindsKeysAndNothingElse(t *testing.T) {
	t.Parallel()
	c, folder := rules(t), t.TempDir()
	live, test, user := newKey("lk_live_"), newKey("lk_test_"), newKey("lk_user_")
	found := map[string]string{
		".env": "LATCHKEY=" + live + "\n", "config/app.yaml": "key: \"" + test + "\"\n", "client.py": "token = '" + user + "'\n",
		"notes.txt": "curl -H 'X-API-Key: " + newKey("lk_live_") + "' https://api.example.com\n",
	}
	left := map[string]string{
		"short.txt": "key=" + live[:len(live)-1] + "\n", "long.txt": "key=" + live + "x\n", "spaced.txt": live[:20] + " " + live[20:] + "\n",
		"elsewhere.txt": "key=lk_prod_" + live[8:] + "\n", "foreign.txt": "key=sk_live_" + live[8:] + "\n",
		"masked.txt": "lk_live_" + strings.Repeat("x", 49) + "\n", "shown.txt": live[:12] + "…" + live[len(live)-4:] + "\n",
	}
	for _, files := range []map[string]string{found, left} {
		for name, text := range files {
			path := filepath.Join(folder, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := detect.NewDetectorContext(t.Context(), c)
	findings, err := d.DetectSource(t.Context(), &sources.Files{Config: &c, Path: folder, Sema: semgroup.NewGroup(t.Context(), 2)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range findings {
		if findings[i].RuleID != ruleID {
			continue
		}
		name, err := filepath.Rel(folder, findings[i].File)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		if !strings.Contains(found[name], findings[i].Secret) || len(findings[i].Secret) != len(live) {
			t.Errorf("%s: the secret is cut", name)
		}
	}
	slices.Sort(names)
	if want := []string{".env", "client.py", "config/app.yaml", "notes.txt"}; !slices.Equal(names, want) {
		t.Errorf("found in %q, want %q", names, want)
	}
}
