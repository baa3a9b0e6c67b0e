package keys_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/verify"
)

// records is a nodes.Store of one node, which can be gone.
type records struct {
	nodes.Store
	node atomic.Pointer[nodes.Node]
	gone atomic.Bool
}

func (r *records) last() nodes.Node { return *r.node.Load() }

func (r *records) PutNode(_ context.Context, n nodes.Node) error {
	if r.gone.Load() {
		return errGone
	}
	r.node.Store(&n)
	return nil
}

func (r *records) Nodes(context.Context) ([]nodes.Node, error) { return nil, nil }

func TestASlowLoadNeverBringsBackWhatWasRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		k, text := n.issue(keys.KeyFields{})
		var once sync.Once
		read, answer := make(chan struct{}), make(chan struct{})
		n.store.afterByHash = func() { once.Do(func() { close(read); <-answer }) }
		verdict := make(chan verify.Code)
		go func() { verdict <- n.verify(verify.Question{Key: text, Cost: 1}).Code }()
		<-read // the key as it was before the revoke
		n.revoke(k)
		close(answer)
		if got := <-verdict; got != verify.Revoked {
			t.Errorf("a question during the revoke, answered after it, is %s", got)
		}
		n.want(text, verify.Revoked)
	})
}

func TestAStoreIsAskedOnceHoweverManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		_, text := n.issue(keys.KeyFields{})
		release := make(chan struct{})
		n.store.afterByHash = func() { <-release }
		var valid atomic.Int64
		for range 50 {
			go func() {
				if v, err := n.verifier.Verify(t.Context(), &verify.Question{Key: text, Cost: 1}); err == nil && v.Code == verify.Valid {
					valid.Add(1)
				}
			}()
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		if got := n.store.loads.Load(); got != 1 || valid.Load() != 50 {
			t.Errorf("%d reads for %d answers", got, valid.Load())
		}
	})
}

func TestUnknownKeysAreRememberedBrieflyAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		text := format(t).New(keys.Live).Reveal()
		reads := func() int64 { n.want(text, verify.NotFound); synctest.Wait(); return n.store.loads.Load() }
		reads()
		time.Sleep(50 * time.Millisecond) // the cache takes entries in behind
		if got := reads(); got != 1 {
			t.Errorf("%d reads for two questions about an unknown key", got)
		}
		time.Sleep(11 * time.Second)
		if got := reads(); got != 2 {
			t.Errorf("%d reads, want a second one once the memory is old", got)
		}
		const many, most = 15_000, 10_000
		texts := make([]string, many)
		for i := range texts {
			texts[i] = format(t).New(keys.Live).Reveal()
			n.want(texts[i], verify.NotFound)
		}
		before := n.store.loads.Load()
		for _, text := range texts {
			n.want(text, verify.NotFound)
		}
		if again := n.store.loads.Load() - before; again < many-most {
			t.Errorf("of %d unknown keys %d were remembered, want at most %d", many, many-again, most)
		}
	})
}

func TestAnOldGrantIsServedAndRefreshedBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{MaxStale: time.Minute}).fill()
		_, text := n.issue(keys.KeyFields{})
		time.Sleep(time.Minute) // polling has told of the new key
		n.want(text, verify.Valid)
		time.Sleep(29 * time.Second)
		n.want(text, verify.Valid)
		synctest.Wait()
		if got := n.store.loads.Load(); got != 1 {
			t.Errorf("%d reads before the grant is half as old as it may get", got)
		}
		time.Sleep(2 * time.Second)
		release := make(chan struct{})
		n.store.afterByHash = func() { <-release }
		for range 10 {
			n.want(text, verify.Valid) // nobody waits for the store
		}
		synctest.Wait()
		if got := n.store.loads.Load(); got != 2 {
			t.Errorf("%d reads, want one refresh", got)
		}
		close(release)
	})
}

func TestWithoutAStoreGrantsServeUpToMaxStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{MaxStale: time.Minute}).fill()
		_, text := n.issue(keys.KeyFields{})
		_, uncached := n.issue(keys.KeyFields{})
		n.want(text, verify.Valid)
		ask := func(q verify.Question) error {
			q.Cost = 1
			v, err := n.verifier.Verify(t.Context(), &q)
			if err == nil && v.Code != verify.Valid {
				t.Errorf("decided %s", v.Code)
			}
			return err
		}
		time.Sleep(10 * time.Minute) // polling says all the while that nothing changed
		n.want(text, verify.Valid)
		n.store.gone.Store(true)
		time.Sleep(time.Minute - time.Second)
		if err := ask(verify.Question{Key: text}); err != nil {
			t.Errorf("a cached key within MaxStale: %v", err)
		}
		if err := ask(verify.Question{Key: text, Fresh: true}); !errors.Is(err, errs.Unavailable) {
			t.Errorf("a question that wants the store read: %v", err)
		}
		if err := ask(verify.Question{Key: uncached}); !errors.Is(err, errs.Unavailable) {
			t.Errorf("an uncached key: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := ask(verify.Question{Key: text}); !errors.Is(err, errs.Unavailable) {
			t.Errorf("a cached key beyond MaxStale: %v", err)
		}
		n.store.gone.Store(false)
		n.want(text, verify.Valid)
		n.want(uncached, verify.Valid)
	})
}

// A revoke on one node ends the key on all others within PollBound, also where
// clocks differ and where the write takes its time.
func TestOtherNodesLearnOfARevoke(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		skew time.Duration
		slow time.Duration // between choosing UpdatedAt and the write
	}{
		{"clocks agree", 0, 0},
		{"the writer's clock is behind", -4 * time.Second, 0},
		{"the writer's clock is ahead", 4 * time.Second, 0},
		{"the write is slow", 0, 9 * time.Second},
		{"the write is slow and its clock behind", -4 * time.Second, 9 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				writer := newNode(t, store, tt.skew, verify.Config{}).fill()
				reader := newNode(t, store, 0, verify.Config{})
				k, text := writer.issue(keys.KeyFields{})
				time.Sleep(time.Minute)
				reader.want(text, verify.Valid)
				store.beforeWrite = func() { time.Sleep(tt.slow) }
				writer.revoke(k)
				writer.want(text, verify.Revoked)
				time.Sleep(keys.PollBound)
				synctest.Wait()
				reader.want(text, verify.Revoked)
			})
		})
	}
}

// Every kind of object that a grant is made of reaches other nodes.
func TestOtherNodesLearnOfEveryChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(n *node, k keys.Key) (verify.Code, error){
		"organization disabled": func(n *node, _ keys.Key) (verify.Code, error) {
			_, err := n.service.ChangeOrganization(n.t.Context(), n.admin, keys.FirstOrganization, keys.AnyRevision, func(f keys.OrganizationFields) (keys.OrganizationFields, error) { f.Disabled = true; return f, nil })
			return verify.Disabled, err
		},
		"account disabled": func(n *node, _ keys.Key) (verify.Code, error) {
			_, err := n.service.ChangeAccount(n.t.Context(), n.admin, n.account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) { f.Disabled = true; return f, nil })
			return verify.Disabled, err
		},
		"key disabled": func(n *node, k keys.Key) (verify.Code, error) {
			_, err := n.service.ChangeKey(n.t.Context(), n.admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) { f.Disabled = true; return f, nil })
			return verify.Disabled, err
		},
		"tier lowered": func(n *node, _ keys.Key) (verify.Code, error) {
			_, err := n.service.ChangeTier(n.t.Context(), n.admin, "free", keys.AnyRevision, func(f keys.TierFields) (keys.TierFields, error) { f.RateLimit.Burst = 1; return f, nil })
			return verify.RateLimited, err
		},
		"key deleted": func(n *node, k keys.Key) (verify.Code, error) {
			return verify.NotFound, n.service.DeleteKey(n.t.Context(), n.admin, k.ID, keys.AnyRevision)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				writer := newNode(t, store, 0, verify.Config{}).fill()
				reader := newNode(t, store, 0, verify.Config{})
				k, text := writer.issue(keys.KeyFields{})
				time.Sleep(time.Minute)
				reader.want(text, verify.Valid)
				reader.want(text, verify.Valid)
				code, err := change(writer, k)
				writer.must(err)
				time.Sleep(keys.PollBound)
				synctest.Wait()
				if v := reader.verify(verify.Question{Key: text, Cost: 2}); v.Code != code {
					t.Errorf("another node says %s, want %s", v.Code, code)
				}
			})
		})
	}
}

// A store without transactions leaves the tombstone before the object goes. A
// node that loads the object again in between must not keep it.
func TestATombstoneBeforeItsDeletionCountsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		writer := newNode(t, store, 0, verify.Config{}).fill()
		reader := newNode(t, store, 0, verify.Config{})
		k, text := writer.issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		store.graveFirst = func() {
			time.Sleep(2 * time.Second) // the reader has heard of the tombstone
			reader.want(text, verify.Valid)
		}
		writer.must(writer.service.DeleteKey(t.Context(), writer.admin, k.ID, keys.AnyRevision))
		time.Sleep(keys.PollBound)
		synctest.Wait()
		reader.want(text, verify.NotFound)
	})
}

// Beyond what the store tells in one answer, and beyond the life of
// tombstones, a node trusts nothing that it has cached.
func TestWhatPollingCannotTellIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		_, text := n.issue(keys.KeyFields{})
		n.want(text, verify.Valid)
		many := make([]keys.Change, 20_000)
		for i := range many {
			many[i] = keys.Change{ID: "key_x", Revision: int64(i)}
		}
		n.store.changes.Store(&many)
		time.Sleep(keys.PollBound)
		synctest.Wait()
		n.store.changes.Store(&[]keys.Change{})
		before := n.store.loads.Load()
		if n.want(text, verify.Valid); n.store.loads.Load() == before {
			t.Error("a cached grant was used after more changes than the store tells")
		}
		n.store.gone.Store(true)
		time.Sleep(keys.TombstoneLife)
		n.store.gone.Store(false)
		time.Sleep(keys.PollBound)
		synctest.Wait()
		before = n.store.loads.Load()
		if n.want(text, verify.Valid); n.store.loads.Load() == before {
			t.Error("a cached grant was used after an outage longer than tombstones live")
		}
	})
}

// A node that cannot poll serves nothing from memory MaxStale after its last
// poll, however lately a grant was loaded: what the others go by is the poll.
func TestWithoutPollingNothingIsServedFromMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		writer := newNode(t, store, 0, verify.Config{}).fill()
		n := newNode(t, store, 0, verify.Config{MaxStale: time.Minute})
		k, text := writer.issue(keys.KeyFields{})
		_, lately := writer.issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.want(text, verify.Valid)
		if p := n.verifier.Polling(); p.Failures != 0 || p.Stale || time.Since(p.LastPoll) > keys.PollBound/2 {
			t.Errorf("a node that polls is %+v", p)
		}
		store.pollsFail.Store(true) // all else goes on
		time.Sleep(time.Minute - time.Second)
		n.want(lately, verify.Valid) // loaded a second before the end
		writer.revoke(k)
		n.want(text, verify.Valid) // it cannot know
		time.Sleep(2 * time.Second)
		n.want(text, verify.Revoked) // read anew
		before := store.loads.Load()
		n.want(lately, verify.Valid)
		n.want(lately, verify.Valid)
		if got := store.loads.Load() - before; got != 2 {
			t.Errorf("%d reads for two questions without polling", got)
		}
		if p := n.verifier.Polling(); p.Failures < 200 || !p.Stale || time.Since(p.LastPoll) < time.Minute {
			t.Errorf("a node that cannot poll is %+v", p)
		}
		store.gone.Store(true)
		if _, err := n.verifier.Verify(t.Context(), &verify.Question{Key: lately, Cost: 1}); !errors.Is(err, errs.Unavailable) {
			t.Errorf("a grant loaded %s ago, without polling: %v", time.Second*3, err)
		}
		store.gone.Store(false)
		store.pollsFail.Store(false)
		time.Sleep(keys.PollBound)
		synctest.Wait()
		before = store.loads.Load()
		n.want(lately, verify.Valid)
		if got := store.loads.Load() - before; got != 0 {
			t.Errorf("%d reads once it polls again", got)
		}
		if p := n.verifier.Polling(); p.Failures != 0 || p.Stale {
			t.Errorf("a node that polls again is %+v", p)
		}
	})
}

// Where others cannot read of a poll, the node does not rely on it either.
func TestAPollThatIsNotRecordedDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		records := &records{}
		registry, err := nodes.New(nodes.Config{Store: records, MaxStale: time.Minute, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		n := newNode(t, store, 0, verify.Config{MaxStale: time.Minute, Nodes: registry}).fill()
		n.must(registry.Join(t.Context()))
		_, text := n.issue(keys.KeyFields{})
		time.Sleep(10 * time.Second)
		n.want(text, verify.Valid)
		told, serves := records.last(), n.verifier.Polling().LastPoll
		if told.PolledAt.Before(serves) || time.Since(serves) > keys.PollBound/2 {
			t.Errorf("others read of a poll at %s, it serves by one at %s", told.PolledAt, serves)
		}
		records.gone.Store(true)
		time.Sleep(time.Minute + time.Second)
		before := store.loads.Load()
		n.want(text, verify.Valid)
		if store.loads.Load() == before {
			t.Error("a grant was served from memory by polls that nobody knows of")
		}
	})
}

// What a slow poll tells is applied, but others cannot count on such a node.
func TestLatePollsDoNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		writer := newNode(t, store, 0, verify.Config{}).fill()
		reader := newNode(t, store, 0, verify.Config{})
		k, text := writer.issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		store.pollTakes.Store(int64(900 * time.Millisecond))
		time.Sleep(time.Minute)
		reader.want(text, verify.Valid)
		if p := reader.verifier.Polling(); p.Failures < 100 || time.Since(p.LastPoll) < 50*time.Second {
			t.Errorf("late polls count: %+v", p)
		}
		writer.revoke(k)
		time.Sleep(2 * keys.PollBound)
		synctest.Wait()
		reader.want(text, verify.Revoked)
	})
}

// Polls that the store answers slowly overlap, so that the bound holds.
func TestSlowPollsHoldTheBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		writer := newNode(t, store, 0, verify.Config{}).fill()
		reader := newNode(t, store, 0, verify.Config{})
		store.pollTakes.Store(int64(600 * time.Millisecond))
		for i := range 20 {
			k, text := writer.issue(keys.KeyFields{})
			time.Sleep(5*time.Second + time.Duration(i)*13*time.Millisecond)
			reader.want(text, verify.Valid)
			writer.revoke(k)
			time.Sleep(keys.PollBound)
			synctest.Wait()
			reader.want(text, verify.Revoked)
		}
	})
}
