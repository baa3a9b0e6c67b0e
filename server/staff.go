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
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/web"
)

// portalPatience is how long a page waits for the incident that its form began.
// The page then shows the progress and refreshes itself.
const portalPatience = 10 * time.Millisecond

// staff returns what the pages for the provider's staff need.
func (a *app) staff() web.Staff {
	return web.Staff{
		Incidents: a.Incidents.Within(portalPatience), Imports: a.Imports, Creators: a.store, Owners: a.store, System: a.system,
		RotateSigningKey: a.rotateSigningKey,
	}
}

// rotateSigningKey creates the next key that signs tokens, and records who did
// it.
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

// facts returns what only the answering node knows about itself.
func (a *app) facts(ctx context.Context) []web.SystemFact {
	v, polling := a.Verifier.Stats(), a.Verifier.Polling()
	work, still := a.standing.longest(time.Now())
	background := web.SystemFact{Name: "background", Text: "none"}
	if still > standsStill {
		background = web.SystemFact{Name: "background", Value: work + ": " + client.Duration(still.Round(time.Second)).String(), Bad: true}
	}
	stored := a.checkStore(ctx)
	share := 0.0
	if asked := v.Hits + v.Misses; asked > 0 {
		const percent = 100
		share = float64(v.Hits) * percent / float64(asked)
	}
	built := buildinfo.Current()
	all := []web.SystemFact{
		known("commit", built.Commit),
		known("date", built.Date),
		{Name: "store", Value: a.store.Name(), Bad: stored.Error != ""},
		{Name: "polled", Value: client.Duration(time.Since(polling.LastPoll).Round(time.Millisecond)).String(), Bad: polling.Stale ||
			polling.Failures > 0},
		{Name: "cache", Value: strconv.FormatInt(v.Cached, 10) + " / " + strconv.Itoa(a.config.cacheSize)},
		{Name: "hits", Value: strconv.FormatFloat(share, 'f', 1, 64) + " %"},
		background,
		{Name: "go", Value: runtime.Version()},
		{Name: "limits", Value: a.limiter.mode()},
	}
	if a.limiter.failover == nil {
		return append(all, web.SystemFact{Name: "redis", Text: "none"})
	}
	return append(all, a.limiter.redisFacts(a.checkRedis())...)
}

// redisFacts returns the state of Redis, and who decides limits while it is
// unavailable.
func (l *limits) redisFacts(found health.Result) []web.SystemFact {
	bad := found.Error != ""
	all := []web.SystemFact{{Name: "redis", Text: "state_" + string(found.State), Bad: bad}}
	if bad {
		all = append(all, web.SystemFact{Name: "limits_now", Value: l.deciding(false), Bad: true})
	}
	return all
}

// known returns a fact with the text "none" if value is empty: not every build
// knows it.
func known(name, value string) web.SystemFact {
	if value == "" {
		return web.SystemFact{Name: name, Text: "none"}
	}
	return web.SystemFact{Name: name, Value: value}
}
