package parts

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// orphanVariable turns the test binary into one that starts a process and then
// hangs, to be killed by TestProcessDiesWithTheTestBinary.
const orphanVariable = "PARTS_TEST_ORPHAN"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestProcessDiesWithTheTestBinary(t *testing.T) {
	t.Parallel()
	if os.Getenv(orphanVariable) != "" {
		child := Start(t, command("sleep", "1000"))
		fmt.Printf("child %d\n", child.PID())
		<-child.Exited()
		return
	}
	inner := command(os.Args[0], "-test.run=^TestProcessDiesWithTheTestBinary$")
	inner.Env = append(os.Environ(), orphanVariable+"=1")
	p := Start(t, inner)
	awaitOutput(t, p, "child ")
	child := childOf(t, p)
	p.Kill()
	awaitEnd(t, child)
}

// childOf returns the process id from the line "child PID" of the output.
func childOf(t *testing.T, p *Process) int {
	t.Helper()
	var child int
	_, line, _ := strings.Cut(p.Output(), "child ")
	if _, err := fmt.Sscanf(line, "%d\n", &child); err != nil {
		t.Fatalf("no process id in %q: %v", p.Output(), err)
	}
	return child
}

// awaitEnd waits until the process is gone, or a zombie that whoever adopted it
// has not looked at yet.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	Await(t, patience, "the end of a child", func(context.Context) error {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && !strings.Contains(string(state), ") Z ") {
			return fmt.Errorf("process %d lives", pid)
		}
		return nil
	})
}

func TestKillTakesTheChildrenToo(t *testing.T) {
	t.Parallel()
	p := Start(t, command("sh", "-c", "sleep 1000 & echo child $!; wait"))
	awaitOutput(t, p, "child ")
	child := childOf(t, p)
	p.Kill()
	awaitEnd(t, child)
}
