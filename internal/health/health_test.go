package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/health"
)

func TestTheReportIsAsBadAsTheWorst(t *testing.T) {
	t.Parallel()
	for want, states := range map[health.State][]health.State{
		health.OK: {health.OK, health.OK}, health.Degraded: {health.OK, health.Degraded, health.OK},
		health.Down: {health.Down, health.Degraded, health.OK},
	} {
		var checks health.Checks
		for i, s := range states {
			checks = append(checks, health.Check{Name: fmt.Sprint(i), Ask: func(context.Context) health.Result { return health.Result{State: s} }})
		}
		if r := checks.Report(t.Context()); r.Status != want || len(r.Checks) != len(states) {
			t.Errorf("%v: %+v", states, r)
		}
	}
}

func TestWhatIsShownOfAResult(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		last time.Time
		err  error
		want string
	}{
		{now.Add(-1500 * time.Millisecond), nil, `{"state":"ok","last_success_seconds":1.5}`},
		{now.Add(time.Hour), nil, `{"state":"ok","last_success_seconds":0}`}, // a clock that was set back
		{time.Time{}, fmt.Errorf("dial db.internal: %w", errs.Unavailable), `{"state":"degraded","error":"unavailable"}`},
		{now, context.DeadlineExceeded, `{"state":"degraded","last_success_seconds":0,"error":"timeout"}`},
		{now, errors.New("password of db.internal"), `{"state":"degraded","last_success_seconds":0,"error":"failed"}`},
		{now, errs.NotFound, `{"state":"degraded","last_success_seconds":0,"error":"failed"}`},
	} {
		got, err := json.Marshal(health.Found(now, tt.last, tt.err, health.Degraded))
		if err != nil || string(got) != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}
