package server

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/web"
)

// portalPatience is how long a page waits for an incident that its form began.
// The page shows the progress, and refreshes itself.
const portalPatience = 10 * time.Millisecond

// staff is what the portal's pages for the provider's staff need.
func (a *app) staff() web.Staff {
	return web.Staff{
		Incidents: a.Incidents.Within(portalPatience), Creators: a.store, Owners: a.store, System: a.system,
		RotateSigningKey: a.rotateSigningKey,
	}
}

// rotateSigningKey makes the next key that signs tokens, and notes who did.
func (a *app) rotateSigningKey(ctx context.Context) error {
	made, err := a.Ring.Rotate(ctx, false, false)
	if err != nil {
		return fmt.Errorf("rotate the signing key: %w", err)
	}
	return a.Audit.Record(ctx, audit.Change{
		Subject: auth.PrincipalOf(ctx).Subject(), Action: "signing_key.rotate", Object: audit.Object{Type: "signing_key", ID: made.ID},
		After: made,
	})
}

// system reports the state of the service.
func (a *app) system(ctx context.Context) (web.System, error) {
	s := web.System{
		Version: buildinfo.Current().Version, Started: a.started, Facts: a.facts(ctx), Settings: a.config.inForce, Now: time.Now(),
		Keys: a.Ring.Keys(),
	}
	slices.SortFunc(s.Keys, func(x, y signing.Key) int { return y.ActiveAt.Compare(x.ActiveAt) })
	all, err := a.Nodes.List(ctx)
	if err != nil {
		return s, fmt.Errorf("list nodes: %w", err)
	}
	for i := range all {
		n := &all[i]
		s.Nodes = append(s.Nodes, web.SystemNode{
			ID: n.ID, Name: n.Name, Version: n.Version, Started: n.StartedAt, LastPoll: n.LastPoll,
			Fresh: n.Fresh, Self: n.Self,
		})
	}
	return s, nil
}

// facts are what only the node that answers knows of itself.
func (a *app) facts(ctx context.Context) []web.SystemFact {
	v, polling := a.Verifier.Stats(), a.Verifier.Polling()
	work, still := a.standing.longest(time.Now())
	background := web.SystemFact{Name: "background", Value: "ok"}
	if still > standsStill {
		background.Value, background.Bad = work+": "+client.Duration(still.Round(time.Second)).String(), true
	}
	redis := web.SystemFact{Name: "redis", Value: "none"}
	shared := false
	if a.limiter.failover != nil {
		found := a.checkRedis()
		redis.Value, redis.Bad = string(found.State), found.Error != ""
		shared = found.Error == ""
	}
	stored := a.checkStore(ctx)
	share := 0.0
	if all := v.Hits + v.Misses; all > 0 {
		const percent = 100
		share = float64(v.Hits) * percent / float64(all)
	}
	built := buildinfo.Current()
	return []web.SystemFact{
		{Name: "commit", Value: orNone(built.Commit)},
		{Name: "date", Value: orNone(built.Date)},
		{Name: "store", Value: a.store.Name(), Bad: stored.Error != ""},
		{Name: "polled", Value: client.Duration(time.Since(polling.LastPoll).Round(time.Millisecond)).String(), Bad: polling.Stale ||
			polling.Failures > 0},
		{Name: "cache", Value: strconv.FormatInt(v.Cached, 10) + " / " + strconv.Itoa(a.config.cacheSize)},
		{Name: "hits", Value: strconv.FormatFloat(share, 'f', 1, 64) + " %"},
		redis,
		background,
		{Name: "limits", Value: a.limiter.inWords(shared)},
		{Name: "go", Value: runtime.Version()},
	}
}

// orNone is what stands where nothing is known.
func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// inWords is how limits are to be decided, and how they are decided now where
// that is something else.
func (l *limits) inWords(shared bool) string {
	mode := l.mode()
	if l.failover == nil || l.deciding(shared) == mode {
		return mode
	}
	return mode + ", now " + l.deciding(shared)
}
