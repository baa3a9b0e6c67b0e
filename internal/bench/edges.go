package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

const (
	edgeIdle    = 20 * time.Second // period without changes
	edgeRevokes = 20
)

// edges measures what that many edges cost the node that feeds them, and how long a revoke
// takes to reach all of them. One process speaks the protocol for all.
func edges(ctx context.Context, o options, dir string) error {
	fmt.Printf("\n%d edges of one node\n", o.edges)
	f, err := fill(ctx, dir, edgeRevokes+1)
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	service, err := start(ctx, address, "/healthz", []string{
		"LATCHKEY_ADDR=" + address, "LATCHKEY_DATABASE_URL=" + f.url, "LATCHKEY_DATA_DIR=" + dir, "LATCHKEY_LOG=error",
		"LATCHKEY_ADMIN_PASSWORD=" + adminPassword, "LATCHKEY_THROTTLE_ADMIN=off",
	}, o.binary, "serve")
	if err != nil {
		return err
	}
	defer service.stop() //nolint:errcheck // its figures are taken
	secrets, err := readLines(f.secretsFile)
	if err != nil {
		return err
	}
	c := &crowdOfEdges{
		base: "http://" + address, key: f.verifier, secrets: secrets[1:], // the first one is the edges' own
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2*o.edges + 10, MaxConnsPerHost: 0}},
	}
	alone, err := service.resident()
	if err != nil {
		return err
	}
	connected, leave := context.WithCancel(ctx)
	defer leave()
	if err := c.connect(connected, o.edges); err != nil {
		return err
	}
	return errors.Join(c.idle(service, alone, o.edges), c.revokes(ctx, o.edges))
}

// crowdOfEdges is the edges' side.
type crowdOfEdges struct {
	base, key string
	secrets   []string // to be revoked
	http      *http.Client

	mu      sync.Mutex
	awaited uint64
	heard   map[string]time.Duration // time since the revoke, by edge: a node may report a change twice
	since   time.Time
}

func (c *crowdOfEdges) ask(ctx context.Context, asked edgewire.AskChanges) (told edgewire.Changes, err error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return told, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+edgewire.ChangesPath, bytes.NewReader(body))
	if err != nil {
		return told, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-API-Key", c.key)
	answer, err := c.http.Do(r)
	if err != nil {
		return told, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	if err != nil {
		return told, err
	}
	return told, json.Unmarshal(text, &told)
}

// connect starts the edges, spread over a quarter of a second as in practice.
func (c *crowdOfEdges) connect(ctx context.Context, n int) error {
	places := make(chan struct{}, 50)
	faults := make(chan error, n)
	for i := range n {
		places <- struct{}{}
		go func() {
			defer func() { <-places }()
			e := edgewire.Edge{ID: ids.New(ids.Edge), Name: fmt.Sprintf("edge %d", i), Version: "bench", StartedAt: time.Now()}
			told, err := c.ask(ctx, edgewire.AskChanges{Edge: e})
			if faults <- err; err == nil {
				go c.poll(ctx, e, told)
				go c.listen(ctx, e, told)
			}
		}()
	}
	var all error
	for range n {
		all = errors.Join(all, <-faults)
	}
	return all
}

// poll renews the lease, as an edge does.
func (c *crowdOfEdges) poll(ctx context.Context, e edgewire.Edge, told edgewire.Changes) {
	ticker := time.NewTicker(keys.PollBound * 2 / 5)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if next, err := c.ask(ctx, edgewire.AskChanges{Edge: e, Epoch: told.Epoch, After: told.Place}); err == nil {
			told = next
		}
	}
}

// listen receives changes as they happen, and records when the awaited one arrived.
func (c *crowdOfEdges) listen(ctx context.Context, e edgewire.Edge, told edgewire.Changes) {
	for ctx.Err() == nil {
		next, err := c.ask(ctx, edgewire.AskChanges{Edge: e, Epoch: told.Epoch, After: told.Place, Wait: 25_000})
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		told = next
		c.mu.Lock()
		if _, again := c.heard[e.ID]; c.awaited != 0 && !again && slices.Contains(told.Marks, c.awaited) {
			c.heard[e.ID] = time.Since(c.since)
		}
		c.mu.Unlock()
	}
}

func (c *crowdOfEdges) idle(service *process, alone float64, n int) error {
	time.Sleep(2 * time.Second)
	before := service.cpu()
	time.Sleep(edgeIdle)
	took := service.cpu() - before
	with, err := service.resident()
	if err != nil {
		return err
	}
	fmt.Printf("memory          %8.1f MiB, %.1f kB an edge\n", with, (with-alone)*1024/float64(n))
	fmt.Printf("processor idle  %8.1f %% of one core\n", float64(took)*100/float64(edgeIdle))
	return nil
}

// revokes measures how long some revokes take to reach every edge, from when each is sent.
func (c *crowdOfEdges) revokes(ctx context.Context, n int) error {
	signedIn, _, err := post(ctx, c.base+"/api/token/", map[string]string{"email": "admin@localhost", "password": adminPassword})
	if err != nil {
		return err
	}
	var all []time.Duration
	missed := 0
	for _, secret := range c.secrets {
		found, err := c.staff(ctx, signedIn["access"], "/api/keys/find", map[string]any{"find": secret})
		if err != nil {
			return err
		}
		id := found["items"].([]any)[0].(map[string]any)["id"].(string)
		c.await(keys.MarkDigest(keys.HashOf(secret).MarkID()))
		if _, err := c.staff(ctx, signedIn["access"], "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}); err != nil {
			return err
		}
		for range 100 {
			time.Sleep(20 * time.Millisecond)
			if c.count() == n {
				break
			}
		}
		c.mu.Lock()
		missed += n - len(c.heard)
		all = slices.AppendSeq(all, maps.Values(c.heard))
		c.mu.Unlock()
	}
	if len(all) == 0 {
		return errors.New("no edge heard of a revoke")
	}
	slices.Sort(all)
	fmt.Printf("revoke heard    p50 %s   p99 %s   last %s, by what is pushed; missed %d of %d\n",
		all[len(all)/2].Round(time.Millisecond), all[len(all)*99/100].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond),
		missed, n*len(c.secrets))
	return nil
}

func (c *crowdOfEdges) await(mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited, c.heard, c.since = mark, map[string]time.Duration{}, time.Now()
}

func (c *crowdOfEdges) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.heard)
}

func (c *crowdOfEdges) staff(ctx context.Context, token, path string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	out := map[string]any{}
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s %v", path, answer.Status, out)
	}
	return out, nil
}
