package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

func TestTheBillNamesWhatIsLinked(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := write(&out, parts.Binary(t), "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(out.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if got, want := b.Metadata.Component.Purl, "pkg:golang/github.com/latchkey/latchkey@v1.2.3"; got != want {
		t.Errorf("it is of %s, want %s", got, want)
	}
	for _, want := range []string{"github.com/gin-gonic/gin", "modernc.org/sqlite", "std", "github.com/latchkey/latchkey/client"} {
		i := slices.IndexFunc(b.Components, func(c component) bool { return c.Name == want })
		if i < 0 || b.Components[i].Version == "" || b.Components[i].Version == "(devel)" {
			t.Errorf("%s is not in it, or without a version: %+v", want, b.Components)
		}
	}
}

func TestNoBillOfWhatIsNoGoBinary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(&bytes.Buffer{}, path, "v1"); err == nil {
		t.Error("a bill of a text")
	}
}
