package e2e

import (
	"context"
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

	"golang.org/x/sys/unix"

	"github.com/latchkey/latchkey/internal/parts"
)

// mounting is set for the process of this test that may mount: it has a view of
// the file system of its own, which ends with it.
const mounting = "LATCHKEY_TEST_MOUNTING"

// TestAStartWithoutAWritableDisk: on a full disk, or one that may only be read,
// keys are verified by what is there, whether the process before ended in good
// order or not. Once there is space all goes on without another start.
func TestAStartWithoutAWritableDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(mounting) == "" {
		inOwnMounts(t)
		return
	}
	for _, full := range []bool{true, false} {
		for _, killed := range []bool{true, false} {
			//nolint:paralleltest // one disk at a time
			t.Run(fmt.Sprintf("full=%t/killed=%t", full, killed), func(t *testing.T) { startsUnwritable(t, full, killed) })
		}
	}
}

// inOwnMounts runs this test once more, where it may mount.
func inOwnMounts(t *testing.T) {
	t.Helper()
	parts.Binary(t)
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), mounting+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		again.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	said, err := again.CombinedOutput()
	if err != nil {
		t.Errorf("%v; the test mounts a small file system: run it as root, or allow user namespaces (sysctl "+
			"kernel.unprivileged_userns_clone=1)\n%s", err, said)
	}
	if !strings.Contains(string(said), "--- PASS: "+t.Name()) {
		t.Errorf("it did not run:\n%s", said)
	}
}

// disk is a small file system.
type disk struct {
	t   *testing.T
	dir string
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{t, t.TempDir()}
	// In a folder that is a process's root, "/" is no mount, and that is no fault:
	// what is mounted here goes with this process all the same.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", d.dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(d.dir, unix.MNT_DETACH) })
	return d
}

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves no byte.
func (d *disk) fill() {
	d.t.Helper()
	f, err := os.Create(d.filler())
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is full
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

func (d *disk) free() {
	d.t.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) readOnly() {
	d.t.Helper()
	if err := unix.Mount("", d.dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		d.t.Fatal(err)
	}
}

func startsUnwritable(t *testing.T, full, killed bool) {
	d := newDisk(t)
	database := "sqlite:" + filepath.Join(d.dir, "latchkey.db")
	s, process := start(t, database)
	_, key := s.issue("enterprise", "invoices:read")
	if killed {
		process.Kill()
	} else {
		process.Signal(syscall.SIGTERM)
		if err := process.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if full {
		d.fill()
	} else {
		d.readOnly()
	}
	s, process = start(t, database)
	if got := code(t, s.base, key); got != "VALID" {
		t.Errorf("a key is %s", got)
	}
	if got := code(t, s.base, key[:len(key)-1]+"0"); got != "MALFORMED" && got != "NOT_FOUND" {
		t.Errorf("another key is %s", got)
	}
	account := s.call("GET", "/api/service-accounts", nil, 200)["items"].([]any)[0].(map[string]any)["id"]
	if answer := s.call("POST", "/api/organizations", map[string]any{"name": "new"}, 503); answer["code"] != "unavailable" {
		t.Errorf("a change: %v", answer)
	}
	if said := readiness(t, s.base); !strings.Contains(said, `"status":"degraded"`) || !strings.Contains(said, `"store":{"state":"degraded"`) {
		t.Errorf("/readyz: %s", said)
	}
	if !strings.Contains(process.Output(), "the store cannot be written") {
		t.Errorf("the log says\n%s", process.Output())
	}
	if !full {
		return
	}
	d.free()
	parts.Await(t, 10*time.Second, "all to go on", func(context.Context) error {
		if said := readiness(t, s.base); !strings.Contains(said, `"status":"ok"`) {
			return fmt.Errorf("/readyz: %s", said)
		}
		return nil
	})
	made := s.call("POST", "/api/keys", map[string]any{"service_account_id": account, "name": "later"}, 201)
	if got := code(t, s.base, made["key"].(string)); got != "VALID" {
		t.Errorf("a new key is %s", got)
	}
	s.call("POST", "/api/keys/"+made["id"].(string)+"/revoke", map[string]any{}, 200)
	if got := code(t, s.base, made["key"].(string)); got != "REVOKED" {
		t.Errorf("revoked, it is %s", got)
	}
}

func readiness(t *testing.T, base string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read whole
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}
