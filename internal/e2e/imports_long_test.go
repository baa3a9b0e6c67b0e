package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

const gibibyte = 1 << 30

// mostResident is what reading a line of 1 GiB may cost, above what the program needs to
// start. A process that kept even a part of the line would need much more.
const mostResident = 64 << 20

// xs reads as so many letters.
type xs struct{ left int64 }

func (x *xs) Read(p []byte) (int, error) {
	if x.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), x.left))
	copy(p[:n], letters)
	for done := len(letters); done < n; done *= 2 {
		copy(p[done:n], p[:done])
	}
	x.left -= int64(n)
	return n, nil
}

var letters = strings.Repeat("x", 4096)

// longFile is a file with a value of 1 GiB between two keys.
type longFile struct{ name, format, begin, end string }

func (f longFile) reader() io.Reader {
	return io.MultiReader(strings.NewReader(f.begin), &xs{gibibyte - int64(len(f.begin)+len(f.end))}, strings.NewReader(f.end))
}

func longFiles() []longFile {
	a, b := foreignKey(1), foreignKey(2)
	return []longFile{
		{"a line of JSON", "jsonl", `{"key":"` + a + `"}` + "\n" + `{"key":"`, `"}` + "\n" + `{"key":"` + b + `"}` + "\n"},
		{"a cell", "csv", "key\n" + a + "\n", "\n" + b + "\n"},
		{"a cell in quotes", "csv", "key\n" + a + "\n\"", "\"\n" + b + "\n"},
		{
			"a scalar of YAML", "kong", "consumers:\n- username: a\n  keyauth_credentials:\n  - key: " + a + "\n- username: ",
			"\n- username: c\n  keyauth_credentials:\n  - key: " + b + "\n",
		},
		{
			"a scalar of YAML in quotes", "kong", "consumers:\n- username: a\n  keyauth_credentials:\n  - key: " + a + "\n- username: \"",
			"\"\n- username: c\n  keyauth_credentials:\n  - key: " + b + "\n",
		},
	}
}

// write writes the file with a hole for most of the value, so that it takes no room on the
// disk.
func (f longFile) write(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, begun := file.WriteString(f.begin + strings.Repeat("x", 1<<16)) // beyond what tells binary files
	_, ended := file.WriteAt([]byte(f.end), gibibyte-int64(len(f.end)))
	if err := errors.Join(begun, ended, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestALineOfAGibibyteCostsOneRow, and no memory.
func TestALineOfAGibibyteCostsOneRow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("key\n"+foreignKey(1)+"\n"+foreignKey(2)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, least := imported(t, "csv", path)
	if !strings.Contains(said, "2  keys imported") {
		t.Fatal(said)
	}
	for _, f := range longFiles() {
		f.write(t, path)
		said, used := imported(t, f.format, path)
		if !strings.Contains(said, "2  keys imported") || !strings.Contains(said, "1  rows not taken") ||
			!strings.Contains(said, "is longer than") || len(said) > 1000 {
			t.Errorf("%s: %.2000q", f.name, said)
		}
		t.Logf("%s takes %d MiB, a short file %d MiB", f.name, used>>20, least>>20)
		if used-least > mostResident {
			t.Errorf("%s takes %d MiB more than a short file", f.name, (used-least)>>20)
		}
	}
}

// imported imports the file into a store of its own. It returns what the command says and
// the most memory that it took.
func imported(t *testing.T, format, path string) (said string, resident int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), parts.Binary(t), "import", "--from", format, path)
	cmd.Env = parts.Environ("LATCHKEY_DATABASE_URL="+sqliteURL(t), "LATCHKEY_SECRET="+secret)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s", format, err, out)
	}
	return string(out), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// TestAnUploadOfAGibibyteInOneLine is received in little memory, and one that is longer is
// refused.
func TestAnUploadOfAGibibyteInOneLine(t *testing.T) {
	t.Parallel()
	s, process := start(t, sqliteURL(t))
	s.call("GET", "/api/imports", nil, 200)
	before := peak(t, process.PID())
	for _, f := range longFiles()[:2] {
		kind := map[string]string{"jsonl": "application/jsonl", "csv": "text/csv"}[f.format]
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/imports?dry_run=true", f.reader())
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("admin@localhost", adminPassword)
		r.Header.Set("Content-Type", kind)
		answer, text := fetch(t, r)
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(text), &made); err != nil || answer.StatusCode != 202 {
			t.Fatalf("%s: %d %s", f.name, answer.StatusCode, text)
		}
		parts.Await(t, 30*time.Second, "the import to end", func(context.Context) error {
			n := s.call("GET", "/api/imports/"+made.ID, nil, 200)
			if n["state"] != "done" {
				return fmt.Errorf("it is %v", n["state"])
			}
			if count := n["count"].(map[string]any); count["imported"] != 2.0 || count["refused"] != 1.0 {
				t.Errorf("%s: %v, %v", f.name, count, n["problems"])
			}
			return nil
		})
	}
	used := peak(t, process.PID()) - before
	t.Logf("the uploads take %d MiB more than %d MiB", used>>20, before>>20)
	if used > mostResident {
		t.Error("that is too much")
	}
	longer := longFile{"", "", "key\n", strings.Repeat("x", 100)}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/imports?dry_run=true",
		io.MultiReader(longer.reader(), strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin@localhost", adminPassword)
	r.Header.Set("Content-Type", "text/csv")
	if answer, text := fetch(t, r); answer.StatusCode != 413 {
		t.Errorf("one byte more: %d %s", answer.StatusCode, text)
	}
}

// peak returns the most memory that the process had so far.
func peak(t *testing.T, pid int) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &bytes); err != nil || !found {
		t.Fatalf("no VmHWM in %s: %v", status, err)
	}
	return bytes << 10
}
