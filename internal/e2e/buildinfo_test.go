package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

func TestTheBuildIsShown(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), parts.Binary(t), "version").Output()
	if want := "latchkey " + parts.Built.String() + "\n"; err != nil || string(out) != want {
		t.Errorf("latchkey version: %q (%v), want %q", out, err, want)
	}
	s, process := start(t, sqliteURL(t))
	b := parts.Built
	if _, body := get(t, s.base+"/healthz", ""); body != `{"status":"ok","version":"`+b.Version+`","commit":"`+b.Commit+
		`","date":"`+b.Date+`"}` {
		t.Errorf("healthz: %s", body)
	}
	for line := range strings.Lines(process.Output()) {
		if strings.Contains(line, "starting") {
			for _, part := range []string{b.Version, b.Commit, b.Date} {
				if !strings.Contains(line, part) {
					t.Errorf("%q is not in %s", part, line)
				}
			}
			return
		}
	}
	t.Errorf("no line at start: %s", process.Output())
}
