package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/verify"
)

// usagePatience is how late usage may be saved before health reports it.
const usagePatience = time.Minute

var errLate = errors.New("it is late")

// checks examine what the service depends on. Redis and the saving of usage never
// make a node unready: it continues without them. Nor does an unavailable store
// while cached answers may be served: moving requests elsewhere would help only
// if the fault were this node's alone, and if the store is gone for all nodes,
// none would be left.
func (a *app) checks() health.Checks {
	checks := health.Checks{
		{Name: "store", Ask: a.checkStore},
		{Name: "changes", Ask: a.checkChanges},
		{Name: "serving", Ask: a.stopping.check},
		{Name: "background", Ask: a.checkBackground},
		{Name: "signing", Ask: func(context.Context) health.Result {
			return health.Found(time.Now(), time.Time{}, a.Ring.CanSign(), health.Degraded)
		}},
		{Name: "usage", Ask: func(context.Context) health.Result {
			s := a.Recorder.Stats()
			if s.Err == nil && time.Since(latest(s.Saved, a.started)) > usagePatience {
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

// lately remembers the result of a check for a second: anybody may call /readyz,
// and each check costs a write.
type lately struct {
	mu    sync.Mutex
	asked time.Time
	err   error
}

const askAgain = time.Second

func (l *lately) ask(ctx context.Context, now time.Time, what func(context.Context) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.asked) >= askAgain {
		l.asked, l.err = now, what(ctx)
	}
	return l.err
}

// tryTimeout bounds the test write: without a majority it would never end, and
// callers of /readyz do not wait for long.
const tryTimeout = time.Second

// checkStore checks the store. It is down if no key can be read and nothing
// usable is cached, and degraded if it cannot be written.
func (a *app) checkStore(ctx context.Context) health.Result {
	err := a.store.Ping(ctx)
	now := time.Now()
	if err == nil {
		return health.Found(now, now, a.writable.ask(ctx, now, a.tryWrite), health.Degraded)
	}
	s := a.Verifier.Stats()
	return health.Found(now, s.LastPoll, err, unserved(&s, err))
}

func (a *app) tryWrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return a.store.TryWrite(ctx)
}

// checkChanges reports since when this node has missed the changes of others, or
// they do not know that it has them. Past LATCHKEY_MAX_STALE it must not serve
// from its cache, and is down if it cannot read the store either.
func (a *app) checkChanges(ctx context.Context) health.Result {
	now, s := time.Now(), a.Verifier.Stats()
	if s.PollErr == nil && s.Stale {
		s.PollErr = errLate
	}
	var unread error
	if s.Stale {
		unread = a.store.Ping(ctx)
	}
	return health.Found(now, s.LastPoll, s.PollErr, unserved(&s, unread))
}

// unserved returns the state of a node that misses changes or whose store fails:
// down if it can serve neither from memory nor from the store.
func unserved(s *verify.Stats, unread error) health.State {
	if unread != nil && (s.Stale || s.Grants == 0) {
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
