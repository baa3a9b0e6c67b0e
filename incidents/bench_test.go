package incidents_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

// noneLeft: every user is a member still.
// noneLeft: every user is a member still.
func noneLeft(context.Context, string, string) (bool, error) { return false, nil }

// BenchmarkAnIncidentOfManyKeys is to stay far below a minute.
func BenchmarkAnIncidentOfManyKeys(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		store, service, account := keystest.Crowded(b)
		n, err := incidents.New(incidents.Config{
			Keys: service, Store: store, Logger: slog.New(slog.DiscardHandler), Left: noneLeft,
		})
		if err != nil {
			b.Fatal(err)
		}
		n = n.Within(time.Hour)
		planned, err := n.Plan(b.Context(), auth.System(), incidents.Request{
			Action: incidents.Revoke, Reason: keys.ReasonLeaked,
			Selection: incidents.Selection{ServiceAccountID: account.ID},
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		done, err := n.Run(b.Context(), auth.System(), planned.Confirm())
		if err != nil || done.Count.Done != keystest.Crowd || done.State != incidents.Done {
			b.Fatalf("%+v, %v", done, err)
		}
		n.Close()
	}
}
