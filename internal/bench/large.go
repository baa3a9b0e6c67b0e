package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	coldSamples = 5000
	mostAsked   = 1_000_000 // keys that the load generator can hold in memory
)

// large measures a store of a million keys and more: start, memory, cold and cached
// lookups.
func large(ctx context.Context, o options, dir string) (err error) {
	fmt.Printf("\nfilling a store with %d keys\n", o.large)
	began := time.Now()
	f, err := fill(ctx, dir, o.large)
	if err != nil {
		return err
	}
	size, err := settle(filepath.Join(dir, "latchkey.db"))
	if err != nil {
		return err
	}
	fmt.Printf("filled in %s, %d MiB\n", time.Since(began).Round(time.Second), size>>20)
	service, err := startService(ctx, o, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	fmt.Printf("start to ready: %s\n", service.ready.Round(time.Millisecond))
	secrets, err := readLines(f.secretsFile)
	if err != nil {
		return err
	}
	if err := cold(ctx, service, secrets); err != nil {
		return err
	}
	asked := every(secrets, max(1, len(secrets)/mostAsked))
	if err := os.WriteFile(f.secretsFile, []byte(strings.Join(asked, "\n")), 0o600); err != nil {
		return err
	}
	script := filepath.Join(dir, "load.lua")
	if err := os.WriteFile(script, []byte(wrkScript), 0o600); err != nil {
		return err
	}
	r, err := drive(ctx, o, service.address, "GET", f.secretsFile, f.verifier, script, 4*o.duration)
	if err != nil {
		return err
	}
	fmt.Printf("%d keys at random over the default cache: %.0f req/s, p50 %s, p99 %s, not 2xx %d\n", len(asked), r.perSecond,
		r.p50, r.p99, r.refused)
	resident, err := service.resident()
	fmt.Printf("resident memory with the default cache full: %.0f MiB\n", resident)
	return err
}

// settle waits until the file is on the disk, so that the service's first write does not
// have to, and returns its size in bytes.
func settle(path string) (int64, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // G304: of our own folder
	if err != nil {
		return 0, err
	}
	at, err := file.Stat()
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, err
	}
	return at.Size(), nil
}

// warm asks for every key once, so that later measurements use the cache.
func warm(ctx context.Context, service *process, f filled) error {
	secrets, err := readLines(f.secretsFile)
	if err != nil {
		return err
	}
	const askers = 8
	group, ctx := errgroup.WithContext(ctx)
	for asker := range askers {
		group.Go(func() error {
			for i := asker; i < len(secrets); i += askers {
				if err := ask(ctx, service, secrets[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func ask(ctx context.Context, service *process, secret string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+service.address+"/verify", nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-API-Key", secret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("a stored key was answered %s: %w", answer.Status, err)
	}
	return nil
}

// every returns every n-th element of the list.
func every(list []string, n int) []string {
	var some []string
	for i := 0; i < len(list); i += n {
		some = append(some, list[i])
	}
	return some
}

// cold asks, one after another, for keys that were never asked for.
func cold(ctx context.Context, service *process, secrets []string) error {
	took := make([]time.Duration, 0, coldSamples)
	for i := range coldSamples {
		began := time.Now()
		if err := ask(ctx, service, secrets[i*len(secrets)/coldSamples]); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	fmt.Printf("uncached verify, %d keys one after another: p50 %s, p99 %s\n", coldSamples, took[len(took)/2], took[len(took)*99/100])
	return nil
}
