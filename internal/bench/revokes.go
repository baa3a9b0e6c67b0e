package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey/latchkey/client"
)

const (
	revokeNodes = 3
	revokeTries = 21               // of each way
	revokePause = time.Millisecond // between two questions to a node
	revokeLimit = 10 * time.Second // for all nodes to refuse the key
	warmUps     = 3                // questions to each node before the key ends
	// revokeSleep is the most between two keys: a random part of it, so that they come at any
	// time between two polls.
	revokeSleep = 300 * time.Millisecond
)

// wayToRevoke is how a key ends.
type wayToRevoke struct {
	name string
	send func(ctx context.Context, id, secret string) error
	took []time.Duration
}

// compareRevokes measures how long a key that leaked is still let in by some node, if it is
// reported or its holder revokes it, as ratios to a revoke by the API. Three nodes share a
// store; they hear of each other by Redis, or by their polls without it.
func compareRevokes(ctx context.Context, o options, dir string) (err error) {
	f, err := fill(ctx, dir, 3*revokeTries+1)
	if err != nil {
		return err
	}
	settings := []string{
		"LATCHKEY_DATA_DIR=" + dir, "LATCHKEY_THROTTLE_ANONYMOUS=off", "LATCHKEY_GUESS_LIMIT=off", "LATCHKEY_SIGN_IN_LIMIT=off",
	}
	heard := "polls"
	if o.redis {
		address, end, err := startRedis(ctx, dir)
		if err != nil {
			return err
		}
		defer end()
		settings, heard = append(settings, "LATCHKEY_REDIS_URL=redis://"+address+"/0"), "Redis"
	}
	fmt.Printf("\nrevokes at %d nodes, by %s: time until all refuse the key\n", revokeNodes, heard)
	var nodes []*process
	defer func() {
		for _, n := range nodes {
			err = errors.Join(err, n.stop())
		}
	}()
	for range revokeNodes {
		n, err := startService(ctx, o, f, settings...)
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	secrets, err := readLines(f.secretsFile)
	if err != nil {
		return err
	}
	return revokeAll(ctx, nodes, secrets[1:])
}

// revokeAll ends the keys, by each way in turn.
func revokeAll(ctx context.Context, nodes []*process, secrets []string) error {
	base := "http://" + nodes[0].address
	signedIn, _, err := post(ctx, base+"/api/token/", map[string]string{"email": "admin@localhost", "password": adminPassword})
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{URL: base, Credential: client.BearerToken(signedIn["access"])})
	if err != nil {
		return err
	}
	ways := []*wayToRevoke{
		{name: "POST /api/keys/{id}/revoke", send: func(ctx context.Context, id, _ string) error {
			_, err := c.Keys.Revoke(ctx, id, client.RevokeKey{Reason: "leaked"})
			return err
		}},
		{name: "POST /revoke", send: func(ctx context.Context, _, secret string) error { return c.Leaks.Revoke(ctx, secret) }},
		{name: "POST /leaks", send: func(ctx context.Context, _, secret string) error {
			return c.Leaks.Report(ctx, client.LeakReport{Keys: []string{secret}})
		}},
	}
	for i, secret := range secrets {
		found, err := c.Keys.Find(ctx, secret)
		if err != nil {
			return err
		}
		w := ways[i%len(ways)]
		took, err := untilRefused(ctx, nodes, secret, func(ctx context.Context) error { return w.send(ctx, found[0].ID, secret) })
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		w.took = append(w.took, took)
		time.Sleep(rand.N(revokeSleep)) //nolint:gosec // G404: no secret
	}
	for _, w := range ways {
		slices.Sort(w.took)
		middle := w.took[len(w.took)/2]
		fmt.Printf("%-28s p50 %6.1fms   last %6.1fms   ratio %.2f\n", w.name, milliseconds(middle), milliseconds(w.took[len(w.took)-1]),
			float64(middle)/float64(ways[0].took[len(ways[0].took)/2]))
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// untilRefused ends the key and returns the time from when that was sent until every node
// has refused the key.
func untilRefused(ctx context.Context, nodes []*process, secret string, end func(context.Context) error) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, revokeLimit)
	defer cancel()
	for _, n := range nodes {
		for range warmUps {
			if in, err := letsIn(ctx, n, secret); err != nil || !in {
				return 0, fmt.Errorf("a node does not let a key in that works: %w", err)
			}
		}
	}
	began := time.Now()
	refused := make(chan error, len(nodes))
	for _, n := range nodes {
		go func() {
			for {
				in, err := letsIn(ctx, n, secret)
				if err != nil || !in {
					refused <- err
					return
				}
				time.Sleep(revokePause)
			}
		}()
	}
	err := end(ctx)
	for range nodes {
		err = errors.Join(err, <-refused)
	}
	return time.Since(began), err
}

// letsIn asks the node by GET /verify.
func letsIn(ctx context.Context, n *process, secret string) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.address+"/verify", nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("X-API-Key", secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	return answer.StatusCode == http.StatusOK, answer.Body.Close()
}
