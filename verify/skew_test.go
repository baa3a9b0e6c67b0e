package verify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// TestARevokeByANodeWithAWrongClock: what it writes bears a time that has long
// been polled, or has not come, and is heard of like anything else.
func TestARevokeByANodeWithAWrongClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-10 * time.Minute, -48 * time.Hour, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			store, records := keystest.NewMemory(), &keystest.Records{}
			writer := keystest.NewNode(t, store, skew, verify.Config{Nodes: records.Registry(t, skew)}).Fill()
			reader := keystest.NewNode(t, store, 0, verify.Config{Nodes: records.Registry(t, 0)})
			k, text := writer.Issue(keys.KeyFields{})
			time.Sleep(time.Minute)
			reader.Want(text, verify.Valid)
			writer.Revoke(k)
			time.Sleep(keys.PollBound)
			reader.Want(text, verify.Revoked)
		})
	}
}

// TestARevokeIsHeardOfByANodeWhoseClockWasSetBack: the time at which it last
// polled has not come yet.
func TestARevokeIsHeardOfByANodeWhoseClockWasSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		reader := keystest.NewNode(t, store, time.Hour, verify.Config{})
		k, text := writer.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		reader.SetClock(0)
		time.Sleep(keys.PollBound)
		reader.Want(text, verify.Valid)
		writer.Revoke(k)
		time.Sleep(keys.PollBound)
		reader.Want(text, verify.Revoked)
	})
}
