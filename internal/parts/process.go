package parts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running command of a test. Its methods, except Output, fail the test if
// a wait does not end, so they may be called only from the test's goroutine.
type Process struct {
	tb     testing.TB
	name   string
	cmd    *exec.Cmd
	output Output
	exited chan struct{}
	err    error // set before exited is closed
}

// Start starts cmd and stops it when the test ends. If it must be killed then, the test
// fails. Standard output and error that cmd leaves unset are captured together, see
// Output, and logged if the test fails. A nil cmd.Env becomes Environ().
func Start(tb testing.TB, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{tb: tb, name: filepath.Base(cmd.Path), cmd: cmd, exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.output
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.output
	}
	if cmd.Env == nil {
		cmd.Env = Environ()
	}
	// A grandchild that keeps the output open must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	bindLife(cmd)

	started := make(chan error)
	go func() {
		// The kernel ends the child with the *thread* that started it, so that thread
		// is kept while the child runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		tb.Fatalf("start %s: %v", p.name, err)
	}
	tb.Cleanup(p.cleanup)
	return p
}

// Environ returns the environment of the test without its LATCHKEY_ variables, which
// would change or stop the program under test, plus extra ("NAME=value").
func Environ(extra ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "LATCHKEY_") {
			env = append(env, entry)
		}
	}
	return append(env, extra...)
}

// Output returns what the command has written so far to its standard output
// and error. It is safe to call from any goroutine while the command runs.
func (p *Process) Output() string { return p.output.String() }

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the command has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Signal sends sig to the command. It fails the test if the command has already ended.
func (p *Process) Signal(sig os.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.tb.Fatalf("signal %s with %v: %v", p.name, sig, err)
	}
}

// Wait waits until the command has ended by itself or by a signal and returns nil for
// exit status 0, otherwise an *exec.ExitError. It fails the test after 30 s.
func (p *Process) Wait() error {
	p.tb.Helper()
	if !p.ended(patience) {
		p.tb.Fatalf("%s has not ended in %v", p.name, patience)
	}
	return p.err
}

// Stop asks the command to end, with SIGTERM, and is otherwise like Wait. A
// command that has already ended is no error.
func (p *Process) Stop() error {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatalf("stop %s: %v", p.name, err)
	}
	return p.Wait()
}

// Kill ends the command and the processes it started at once (SIGKILL), as a crash of
// the machine would, and waits until they are gone.
func (p *Process) Kill() {
	p.tb.Helper()
	if err := killTree(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatalf("kill %s: %v", p.name, err)
	}
	// How it ended is known: it was killed.
	_ = p.Wait()
}

// AwaitListening waits until something accepts connections on addr. It fails the test,
// with the output so far, if the command ends first, or after 30 s.
func (p *Process) AwaitListening(addr string) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.tb.Context(), patience)
	defer cancel()
	err := poll(ctx, p.exited, func(ctx context.Context) error { return dial(ctx, addr) })
	if err != nil {
		p.tb.Fatalf("%s does not listen on %s: %v", p.name, addr, err)
	}
}

// ended reports whether the command ends within limit.
func (p *Process) ended(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// cleanup leaves nothing running, whatever the test did.
func (p *Process) cleanup() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	if !p.ended(patience) {
		p.tb.Errorf("%s ignored SIGTERM for %v and was killed", p.name, patience)
	}
	_ = killTree(p.cmd.Process) // other processes it may have started
	<-p.exited
	if p.tb.Failed() {
		p.tb.Logf("output of %s (%v):\n%s", p.name, p.cmd.ProcessState, tail(p.Output(), 16<<10))
	}
}

// resume continues a stopped process, so that it can end.
func (p *Process) resume() {
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // it may have ended already
}

// tail returns the last n bytes of s, and says so if it cuts.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return fmt.Sprintf("[%d bytes before]…%s", len(s)-n, s[len(s)-n:])
}

// Output is a buffer that may be read while others write to it.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns what was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
