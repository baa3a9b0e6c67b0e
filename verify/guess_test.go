package verify_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// guessing is a node at which three unknown keys an hour may be tried.
func guessing(t *testing.T) *keystest.Node {
	t.Helper()
	return keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{
		GuessLimit: ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3},
	}).Fill()
}

func dead(t *testing.T) string { t.Helper(); return keystest.Format(t).New(keys.Live).Reveal() }

// asks returns the code of a question about the key, from the address, that is
// charged to whoever asks, "" for the key itself.
func asks(n *keystest.Node, text, address, charged string) verify.Code {
	n.T.Helper()
	q := verify.Question{Key: text, Cost: 1, Charged: charged}
	if address != "" {
		q.Address = netip.MustParseAddr(address)
	}
	return n.Verify(q).Code
}

func TestAskersPayForWhatTheyAsk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := guessing(t)
		const victim = "203.0.113.7"
		for range 3 {
			if got := asks(n, dead(t), victim, "key_mallory"); got != verify.NotFound {
				t.Errorf("an unknown key is %s", got)
			}
		}
		if got := asks(n, dead(t), victim, "key_mallory"); got != verify.RateLimited {
			t.Errorf("one unknown key too many is %s", got)
		}
		for _, other := range []struct{ address, charged string }{{victim, ""}, {victim, "key_bob"}, {"203.0.113.8", "key_mallory"}} {
			if got := asks(n, dead(t), other.address, other.charged); got != verify.NotFound {
				t.Errorf("%+v pays for mallory: %s", other, got)
			}
		}
	})
}

func TestAnAskerMayNotNameAddressesWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := guessing(t)
		ask := func(i int) verify.Code {
			return asks(n, dead(t), fmt.Sprintf("10.0.%d.%d", i/250, i%250+1), "key_mallory")
		}
		for i := range 300 {
			if got := ask(i); got != verify.NotFound {
				t.Fatalf("guess %d is %s", i, got)
			}
		}
		if got := ask(300); got != verify.RateLimited {
			t.Errorf("a guess too many of one asker is %s", got)
		}
		if got := asks(n, dead(t), "10.0.0.1", "key_bob"); got != verify.NotFound {
			t.Errorf("another caller gets %s", got)
		}
	})
}

func TestARepeatedDeadKeyIsNoGuess(t *testing.T) {
	t.Parallel()
	for _, charged := range []string{"", "key_gateway"} {
		synctest.Test(t, func(t *testing.T) {
			n := guessing(t)
			const shared = "203.0.113.7"
			again := dead(t)
			for range 100 {
				if got := asks(n, again, shared, charged); got != verify.NotFound {
					t.Fatalf("the dead key is %s", got)
				}
				time.Sleep(time.Second)
			}
			_, good := n.Issue(keys.KeyFields{})
			if got := asks(n, good, shared, charged); got != verify.Valid {
				t.Errorf("a good key beside it is %s", got)
			}
			for range 2 {
				asks(n, dead(t), shared, charged)
			}
			if got := asks(n, dead(t), shared, charged); got != verify.RateLimited {
				t.Errorf("a fourth unknown key is %s", got)
			}
			if got := asks(n, again, shared, charged); got != verify.NotFound {
				t.Errorf("the dead key is now %s", got)
			}
		})
	}
}

// What is remembered of one source is bounded: who goes round with more dead
// keys than that guesses.
func TestFewDeadKeysAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{
			GuessLimit: ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 100},
		}).Fill()
		all := make([]string, 70)
		for i := range all {
			all[i] = dead(t)
		}
		limited := 0
		for range 3 {
			for _, text := range all {
				if asks(n, text, "203.0.113.7", "") == verify.RateLimited {
					limited++
				}
			}
		}
		if limited == 0 {
			t.Error("dead keys are remembered without end")
		}
	})
}

func TestADryRunChargesNoGuess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := guessing(t)
		for range 10 {
			v := n.Verify(verify.Question{Key: dead(t), Cost: 1, DryRun: true, Charged: "key_a"})
			if v.Code != verify.NotFound {
				t.Fatalf("a dry run is %s", v.Code)
			}
		}
	})
}

// A person who tries keys by hand pays for them as anybody does.
func TestADryRunCanBeChargedForAGuess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := guessing(t)
		var got []verify.Code
		for range 4 {
			got = append(got, n.Verify(verify.Question{Key: dead(t), Cost: 1, DryRun: true, Charged: "usr_a", DryCharged: true}).Code)
		}
		if got[2] != verify.NotFound || got[3] != verify.RateLimited {
			t.Errorf("four dry runs are %v", got)
		}
	})
}

// Who may have the store read is not served by it while the limits refuse.
func TestARefusedQuestionReadsNoStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		_, text := n.Issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 2, Per: time.Minute, Burst: 2}})
		fresh := func() verify.Code {
			code := n.Verify(verify.Question{Key: text, Cost: 1, Fresh: true}).Code
			synctest.Wait()
			return code
		}
		for range 2 {
			if got := fresh(); got != verify.Valid {
				t.Fatalf("within the limit: %s", got)
			}
		}
		before := n.Store.Loads.Load()
		for range 10 {
			if got := fresh(); got != verify.RateLimited {
				t.Errorf("over the limit: %s", got)
			}
		}
		if loads := n.Store.Loads.Load() - before; loads != 0 {
			t.Errorf("refusals read the store %d times", loads)
		}
		time.Sleep(time.Minute)
		if got := fresh(); got != verify.Valid || n.Store.Loads.Load() == before {
			t.Errorf("after the wait: %s, with %d loads", got, n.Store.Loads.Load()-before)
		}
	})
}
