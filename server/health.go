package server

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/internal/health"
)

// usagePatience is how late the saving of usage may be before it is shown.
const usagePatience = time.Minute

var errLate = errors.New("it is late")

// checks ask after what the service leans on. Redis and the saving of usage
// never take a node out: it goes on without them. Nor does a store that is
// away, as long as what is cached may be served: sending the requests elsewhere
// would help only if the fault were this node's alone, and with a store that
// is gone for all there would be no node left.
func (a *app) checks(started time.Time) health.Checks {
	checks := health.Checks{
		{Name: "store", Ask: func(ctx context.Context) health.Result {
			return a.checkStore(ctx, started)
		}},
		{Name: "changes", Ask: func(context.Context) health.Result {
			return a.checkChanges(started)
		}},
		{Name: "usage", Ask: func(context.Context) health.Result {
			s := a.recorder.Stats()
			if s.Err == nil && time.Since(latest(s.Saved, started)) > usagePatience {
				s.Err = errLate
			}
			return health.Found(time.Now(), s.Saved, s.Err, health.Degraded)
		}},
	}
	if a.limiter.failover != nil {
		checks = append(checks, health.Check{Name: "redis", Ask: func(context.Context) health.Result { return a.checkRedis() }})
	}
	return checks
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkStore asks the store. It is down when it does not answer and what is
// cached has become too old to be served.
func (a *app) checkStore(ctx context.Context, started time.Time) health.Result {
	err := a.store.Ping(ctx)
	now, polled := time.Now(), a.verifier.Stats().Polled
	if err == nil {
		return health.Found(now, now, nil, health.Degraded)
	}
	return health.Found(now, polled, err, a.tooOld(now, latest(polled, started)))
}

// checkChanges says since when this node does not know what others changed.
// Beyond LATCHKEY_MAX_STALE it must not serve what it has cached.
func (a *app) checkChanges(started time.Time) health.Result {
	now, s := time.Now(), a.verifier.Stats()
	bad := a.tooOld(now, latest(s.Polled, started))
	if s.PollErr == nil && bad == health.Down {
		s.PollErr = errLate
	}
	return health.Found(now, s.Polled, s.PollErr, bad)
}

func (a *app) tooOld(now, last time.Time) health.State {
	if now.Sub(last) > a.config.maxStale {
		return health.Down
	}
	return health.Degraded
}

func (a *app) checkRedis() health.Result {
	now, s := time.Now(), a.limiter.failover.State()
	var r health.Result
	if s.Shared {
		r = health.Found(now, now, nil, health.Degraded)
	} else {
		if s.Err == nil {
			s.Err = errLate
		}
		r = health.Found(now, s.Since, s.Err, health.Degraded)
	}
	r.Mode = a.limiter.deciding(s.Shared)
	return r
}
