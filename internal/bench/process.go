package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server on the first core.
type process struct {
	cmd     *exec.Cmd
	address string
	ready   time.Duration // from start to the first answer
	worker  int           // the process that works, if cmd only starts it

	operators string // LATCHKEY_ADMIN_ADDR, "" if the process has none
}

func lastCore() string { return strconv.Itoa(runtime.NumCPU() - 1) }

func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start runs the command pinned to the first core until it answers at path.
func start(ctx context.Context, address, path string, environment []string, command ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", "0"}, command...)...) //nolint:gosec // G204: our own command
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, address: address}
	for ctx.Err() == nil && time.Since(began) < time.Minute {
		if answers(ctx, "http://"+address+path) {
			p.ready = time.Since(began)
			return p, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%s does not answer", command[0]), ctx.Err(), p.stop())
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	return err == nil && answer.Body.Close() == nil
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	_ = p.cmd.Wait() // its exit status says nothing about its speed
	return nil
}

// resident returns the process's resident memory in MiB.
func (p *process) resident() (float64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no resident memory in the process's status")
}

// memory is what a process uses, in bytes.
type memory struct{ live, resident float64 }

// memory collects garbage, and returns what is live and what is resident then.
func (p *process) memory(ctx context.Context) (m memory, err error) {
	for range 2 { // the second frees what finalizers held
		if _, err := fetch(ctx, "http://"+p.operators+"/debug/pprof/heap?gc=1"); err != nil {
			return m, err
		}
	}
	metrics, err := fetch(ctx, "http://"+p.operators+"/metrics")
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(metrics) {
		if rest, ok := strings.CutPrefix(line, "go_memstats_heap_alloc_bytes "); ok {
			if m.live, err = strconv.ParseFloat(strings.TrimSpace(rest), 64); err != nil {
				return m, err
			}
		}
	}
	resident, err := p.resident()
	m.resident = resident * 1024 * 1024
	return m, err
}

func fetch(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(answer.Body)
	return string(b), err
}

// cpu returns the CPU time that the server has used since it started.
func (p *process) cpu() time.Duration {
	pid := p.cmd.Process.Pid
	if p.worker > 0 {
		pid = p.worker
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The fields after the name, which ends in ")": the 12th and 13th are the ticks in user
	// and system mode, 100 a second.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100)
}
