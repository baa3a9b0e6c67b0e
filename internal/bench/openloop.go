package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// openLoop sends requests at fixed times, whether or not earlier ones were answered,
// and counts each from the time at which it was due. wrk waits for an answer before it
// sends the next request, so it measures few requests while a server pauses.
type openLoop struct {
	address     string
	requests    []string
	connections int
	perSecond   float64
	duration    time.Duration
}

// run returns how long the requests took, sorted.
func (o openLoop) run(ctx context.Context) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, o.duration+10*time.Second)
	defer cancel()
	every := time.Duration(float64(o.connections) / o.perSecond * float64(time.Second))
	began := time.Now()
	took, faults := make([][]time.Duration, o.connections), make([]error, o.connections)
	var all sync.WaitGroup
	for i := range o.connections {
		first := began.Add(every * time.Duration(i) / time.Duration(o.connections))
		all.Go(func() { took[i], faults[i] = o.connection(ctx, first, every) })
	}
	all.Wait()
	sorted := slices.Concat(took...)
	slices.Sort(sorted)
	return sorted, errors.Join(faults...)
}

func (o openLoop) connection(ctx context.Context, due time.Time, every time.Duration) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing is on its way
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	took := make([]time.Duration, 0, int(o.duration/every)+1)
	answers := bufio.NewReader(conn)
	for end := due.Add(o.duration); due.Before(end); due = due.Add(every) {
		time.Sleep(time.Until(due))
		if _, err := io.WriteString(conn, o.requests[rand.IntN(len(o.requests))]); err != nil { //nolint:gosec // G404: not a secret
			return nil, err
		}
		if err := readAnswer(answers); err != nil {
			return nil, err
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}

// readAnswer reads an answer of status 200. net/http would take longer for it than some
// servers take to make it, and the generator would be what is measured.
func readAnswer(answers *bufio.Reader) error {
	status, err := answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the server answered %q", status)
	}
	length := 0
	for {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		if len(name) == 0 {
			_, err = answers.Discard(length)
			return err
		}
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
}

// generate is what the command does as "generator": it reads whole requests, separated
// by a zero byte, from its input and prints the p50 and p99 in nanoseconds.
func generate(ctx context.Context, o openLoop) error {
	all, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	o.requests = strings.Split(string(all), "\x00")
	took, err := o.run(ctx)
	if err != nil {
		return err
	}
	fmt.Println(int64(took[len(took)/2]), int64(took[len(took)*99/100]))
	return nil
}

// atRate runs the generator on the last core.
func atRate(ctx context.Context, o options, address, requests string, perSecond float64) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	//nolint:gosec // G204: our own arguments
	cmd := exec.CommandContext(ctx, "taskset", "-c", lastCore(), self, "-as", "generator", "-address", address, "-connections",
		strconv.Itoa(o.connections), "-rate", strconv.FormatFloat(perSecond, 'f', 1, 64), "-duration", o.duration.String())
	cmd.Stdin, cmd.Stderr = strings.NewReader(requests), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("load at a fixed rate: %w", err)
	}
	var p50, p99 int64
	if _, err := fmt.Sscan(string(out), &p50, &p99); err != nil {
		return r, fmt.Errorf("the generator said %q: %w", out, err)
	}
	return result{perSecond: perSecond, p50: time.Duration(p50), p99: time.Duration(p99)}, nil
}

// verifications are requests for the keys, as the generator reads them.
func verifications(method string, f filled) (string, error) {
	secrets, err := readLines(f.secretsFile)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, s := range secrets {
		if i > 0 {
			b.WriteByte(0)
		}
		if method == http.MethodGet {
			fmt.Fprintf(&b, "GET /verify HTTP/1.1\r\nHost: bench\r\nX-API-Key: %s\r\n\r\n", s)
			continue
		}
		body := `{"key":"` + s + `","scopes":["invoices:read"]}`
		fmt.Fprintf(&b, "POST /verify HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-API-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
			f.verifier, len(body), body)
	}
	return b.String(), nil
}
