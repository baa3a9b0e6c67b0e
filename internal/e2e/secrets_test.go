package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestNoSecretIsKeptOrLogged searches all that the store holds, and all that
// was logged, for what only its owner may have.
func TestNoSecretIsKeptOrLogged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		database string
		dump     func(t *testing.T, database string) string
	}{
		"sqlite": {"sqlite:" + filepath.Join(dir, "latchkey.db"), func(t *testing.T, _ string) string {
			return readAll(t, filepath.Join(dir, "latchkey.db*"))
		}},
		"mongodb": {parts.Mongo(t).URL(), dumpMongo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, process := start(t, tt.database, "LATCHKEY_LOG=debug")
			secrets := leaveSecrets(t, s)
			if err := process.Stop(); err != nil {
				t.Errorf("SIGTERM did not end the service well: %v", err)
			}
			kept, logged := tt.dump(t, tt.database), process.Output()
			hashes := 0
			for what, secret := range secrets {
				if strings.Contains(kept, secret) || strings.Contains(logged, secret) {
					t.Errorf("the %s is in the store or the log", what)
				}
				sum := sha256.Sum256([]byte(secret))
				for _, hash := range []string{
					string(sum[:]), hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]),
					base64.RawURLEncoding.EncodeToString(sum[:]),
				} {
					if strings.Contains(logged, hash) {
						t.Errorf("the hash of the %s is in the log", what)
					}
					if strings.Contains(kept, hash) {
						hashes++
					}
				}
			}
			if hashes < 3 { // or the dump holds nothing, and proves nothing
				t.Errorf("the dump holds %d hashes, want those of two keys and a session", hashes)
			}
		})
	}
}

// leaveSecrets uses every kind of secret and returns them by name.
func leaveSecrets(t *testing.T, s *service) map[string]string {
	t.Helper()
	id, key := s.issue("free", "invoices:read")
	successor := s.call("POST", "/api/keys/"+id+"/rotate", map[string]any{"grace": "0s"}, 201)["key"].(string)
	invented := "lk_live_" + strings.Repeat("x", 49)
	for _, k := range []string{key, successor, invented} {
		get(t, s.base+"/verify?scope=invoices:read", k)
	}
	if got := code(t, s.base, key); got != "EXPIRED" {
		t.Errorf("a rotated key without grace is %s", got)
	}
	s.call("POST", "/verify", map[string]any{"key": successor, "dry_run": true}, 200)
	pair := s.call("POST", "/api/token/", map[string]any{"email": "admin@localhost", "password": adminPassword}, 200)
	token := s.call("POST", "/api/tokens", map[string]any{"name": "t"}, 201)["token"]
	return map[string]string{
		"key": key, "successor": successor, "invented key": invented, "password": adminPassword, "session": signIn(t, s.base),
		"access token": pair["access"].(string), "refresh token": pair["refresh"].(string), "user's token": token.(string),
	}
}

// signIn signs in to the portal and returns the session's cookie.
func signIn(t *testing.T, base string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	t.Cleanup(browser.CloseIdleConnections)
	page, err := browser.Get(base + "/login") //nolint:noctx // a short visit
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, page.Body)
	_ = page.Body.Close()
	site, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	cookie := func(name string) string {
		for _, c := range jar.Cookies(site) {
			if c.Name == name {
				return c.Value
			}
		}
		t.Fatalf("no cookie %s", name)
		return ""
	}
	form := url.Values{"email": {"admin@localhost"}, "password": {adminPassword}, "csrfmiddlewaretoken": {cookie("csrftoken")}}
	page, err = browser.PostForm(base+"/login", form) //nolint:noctx // a short visit
	if err != nil {
		t.Fatal(err)
	}
	_ = page.Body.Close()
	return cookie("sessionid")
}

func readAll(t *testing.T, pattern string) (all string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all += string(b)
	}
	return all
}

// dumpMongo returns every document of every collection, as bytes and as JSON.
func dumpMongo(t *testing.T, database string) string {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	db := client.Database(strings.Trim(u.Path, "/"))
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		cursor, err := db.Collection(name).Find(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		for cursor.Next(t.Context()) {
			all.Write(cursor.Current)
			all.WriteString(cursor.Current.String())
		}
		if err := cursor.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
