package trufflehog

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trufflesecurity/trufflehog/v3/pkg/config"
	"github.com/trufflesecurity/trufflehog/v3/pkg/context"
	"github.com/trufflesecurity/trufflehog/v3/pkg/detectors"
	"github.com/trufflesecurity/trufflehog/v3/pkg/engine"
	"github.com/trufflesecurity/trufflehog/v3/pkg/engine/defaults"
	"github.com/trufflesecurity/trufflehog/v3/pkg/sources"
)

const (
	detector = "latchkey_api_key"
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

// found collects what our detector finds, by file.
type found struct {
	mu     sync.Mutex
	byFile map[string][]string
}

// Dispatch implements engine.ResultsDispatcher.
func (f *found) Dispatch(_ context.Context, r detectors.ResultWithMetadata) error {
	if r.ExtraData["name"] != detector {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	file := r.SourceMetadata.GetFilesystem().GetFile()
	f.byFile[file] = append(f.byFile[file], string(r.Raw))
	return nil
}

// scan runs trufflehog over the folder as its command does, but asks nobody whether a
// secret works.
func scan(t *testing.T, folder string) map[string][]string {
	t.Helper()
	c, err := config.Read("../../trufflehog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ctx, out := context.AddLogger(t.Context()), &found{byFile: map[string][]string{}}
	e, err := engine.NewEngine(ctx, &engine.Config{
		Concurrency: 2, Detectors: append(defaults.DefaultDetectors(), c.Detectors...), Dispatcher: out,
		SourceManager: sources.NewManager(sources.WithSourceUnits()),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Start(ctx)
	if _, err := e.ScanFileSystem(ctx, sources.FilesystemConfig{Paths: []string{folder}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Finish(ctx); err != nil {
		t.Fatal(err)
	}
	return out.byFile
}

func TestTrufflehogFindsKeysAndNothingElse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	live, test, user, inLine := newKey("lk_live_"), newKey("lk_test_"), newKey("lk_user_"), newKey("lk_live_")
	keys := map[string]string{".env": live, "config/app.yaml": test, "client.py": user, "notes.txt": inLine}
	files := map[string]string{
		".env": "LATCHKEY=" + live + "\n", "config/app.yaml": "key: \"" + test + "\"\n", "client.py": "token = '" + user + "'\n",
		"notes.txt": "curl -H 'X-API-Key: " + inLine + "' https://api.example.com\n",
		"short.txt": "key=" + live[:len(live)-1] + "\n", "long.txt": "key=" + live + "x\n", "spaced.txt": live[:20] + " " + live[20:] + "\n",
		"elsewhere.txt": "key=lk_prod_" + live[8:] + "\n", "foreign.txt": "key=sk_live_" + live[8:] + "\n",
		"shown.txt": live[:12] + "…" + live[len(live)-4:] + "\n",
	}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := scan(t, folder)
	for name := range files {
		var want []string
		if key := keys[name]; key != "" {
			want = []string{key}
		}
		if all := got[filepath.Join(folder, name)]; !slices.Equal(all, want) {
			t.Errorf("%s: %d are found, %q, want %d", name, len(all), strings.Join(all, " "), len(want))
		}
	}
}
