package verify_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

func TestASlowLoadNeverBringsBackWhatWasRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		k, text := n.Issue(keys.KeyFields{})
		var once sync.Once
		read, answer := make(chan struct{}), make(chan struct{})
		n.Store.AfterByHash = func() { once.Do(func() { close(read); <-answer }) }
		verdict := make(chan verify.Code)
		go func() { verdict <- n.Verify(verify.Question{Key: text, Cost: 1}).Code }()
		<-read // the key as it was before the revoke
		n.Revoke(k)
		close(answer)
		if got := <-verdict; got != verify.Revoked {
			t.Errorf("a question during the revoke, answered after it, is %s", got)
		}
		n.Want(text, verify.Revoked)
	})
}

func TestAStoreIsAskedOnceHoweverManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		release := make(chan struct{})
		n.Store.AfterByHash = func() { <-release }
		var valid atomic.Int64
		for range 50 {
			go func() {
				if v, err := n.Verifier.Verify(t.Context(), &verify.Question{Key: text, Cost: 1}); err == nil && v.Code == verify.Valid {
					valid.Add(1)
				}
			}()
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		if got := n.Store.Loads.Load(); got != 1 || valid.Load() != 50 {
			t.Errorf("%d reads for %d answers", got, valid.Load())
		}
	})
}

func TestUnknownKeysAreRememberedBrieflyAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		text := keystest.Format(t).New(keys.Live).Reveal()
		reads := func() int64 { n.Want(text, verify.NotFound); synctest.Wait(); return n.Store.Loads.Load() }
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
			texts[i] = keystest.Format(t).New(keys.Live).Reveal()
			n.Want(texts[i], verify.NotFound)
		}
		before := n.Store.Loads.Load()
		for _, text := range texts {
			n.Want(text, verify.NotFound)
		}
		if again := n.Store.Loads.Load() - before; again < many-most {
			t.Errorf("of %d unknown keys %d were remembered, want at most %d", many, many-again, most)
		}
	})
}

func TestAnOldGrantIsServedAndRefreshedBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{MaxStale: time.Minute}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute) // polling has told of the new key
		n.Want(text, verify.Valid)
		time.Sleep(29 * time.Second)
		n.Want(text, verify.Valid)
		synctest.Wait()
		if got := n.Store.Loads.Load(); got != 1 {
			t.Errorf("%d reads before the grant is half as old as it may get", got)
		}
		time.Sleep(2 * time.Second)
		release := make(chan struct{})
		n.Store.AfterByHash = func() { <-release }
		for range 10 {
			n.Want(text, verify.Valid) // nobody waits for the store
		}
		synctest.Wait()
		if got := n.Store.Loads.Load(); got != 2 {
			t.Errorf("%d reads, want one refresh", got)
		}
		close(release)
	})
}

func TestWithoutAStoreGrantsServeUpToMaxStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{MaxStale: time.Minute}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		_, uncached := n.Issue(keys.KeyFields{})
		n.Want(text, verify.Valid)
		ask := func(q verify.Question) error {
			q.Cost = 1
			v, err := n.Verifier.Verify(t.Context(), &q)
			if err == nil && v.Code != verify.Valid {
				t.Errorf("decided %s", v.Code)
			}
			return err
		}
		time.Sleep(10 * time.Minute) // polling says all the while that nothing changed
		n.Want(text, verify.Valid)
		n.Store.Gone.Store(true)
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
		n.Store.Gone.Store(false)
		n.Want(text, verify.Valid)
		n.Want(uncached, verify.Valid)
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
				store := keystest.NewMemory()
				writer := keystest.NewNode(t, store, tt.skew, verify.Config{}).Fill()
				reader := keystest.NewNode(t, store, 0, verify.Config{})
				k, text := writer.Issue(keys.KeyFields{})
				time.Sleep(time.Minute)
				reader.Want(text, verify.Valid)
				store.BeforeWrite = func() { time.Sleep(tt.slow) }
				writer.Revoke(k)
				writer.Want(text, verify.Revoked)
				time.Sleep(keys.PollBound)
				synctest.Wait()
				reader.Want(text, verify.Revoked)
			})
		})
	}
}

// Every kind of object that a grant is made of reaches other nodes.
func TestOtherNodesLearnOfEveryChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(n *keystest.Node, k keys.Key) (verify.Code, error){
		"organization disabled": func(n *keystest.Node, _ keys.Key) (verify.Code, error) {
			_, err := n.Service.ChangeOrganization(n.T.Context(), n.Admin, keys.FirstOrganization, keys.AnyRevision,
				func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
					f.Disabled = true
					return f, nil
				})
			return verify.Disabled, err
		},
		"account disabled": func(n *keystest.Node, _ keys.Key) (verify.Code, error) {
			_, err := n.Service.ChangeAccount(n.T.Context(), n.Admin, n.Account.ID, keys.AnyRevision,
				func(f keys.AccountFields) (keys.AccountFields, error) {
					f.Disabled = true
					return f, nil
				})
			return verify.Disabled, err
		},
		"key disabled": func(n *keystest.Node, k keys.Key) (verify.Code, error) {
			_, err := n.Service.ChangeKey(n.T.Context(), n.Admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
				f.Disabled = true
				return f, nil
			})
			return verify.Disabled, err
		},
		"tier lowered": func(n *keystest.Node, _ keys.Key) (verify.Code, error) {
			_, err := n.Service.ChangeTier(n.T.Context(), n.Admin, "free", keys.AnyRevision, func(f keys.TierFields) (keys.TierFields, error) {
				f.RateLimit.Burst = 1
				return f, nil
			})
			return verify.RateLimited, err
		},
		"key deleted": func(n *keystest.Node, k keys.Key) (verify.Code, error) {
			return verify.NotFound, n.Service.DeleteKey(n.T.Context(), n.Admin, k.ID, keys.AnyRevision)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := keystest.NewMemory()
				writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
				reader := keystest.NewNode(t, store, 0, verify.Config{})
				k, text := writer.Issue(keys.KeyFields{})
				time.Sleep(time.Minute)
				reader.Want(text, verify.Valid)
				reader.Want(text, verify.Valid)
				code, err := change(writer, k)
				writer.Must(err)
				time.Sleep(keys.PollBound)
				synctest.Wait()
				if v := reader.Verify(verify.Question{Key: text, Cost: 2}); v.Code != code {
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
		store := keystest.NewMemory()
		writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		reader := keystest.NewNode(t, store, 0, verify.Config{})
		k, text := writer.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		store.TombstoneFirst = func() {
			time.Sleep(2 * time.Second) // the reader has heard of the tombstone
			reader.Want(text, verify.Valid)
		}
		writer.Must(writer.Service.DeleteKey(t.Context(), writer.Admin, k.ID, keys.AnyRevision))
		time.Sleep(keys.PollBound)
		synctest.Wait()
		reader.Want(text, verify.NotFound)
	})
}

// Beyond what the store tells in one answer, and beyond the life of
// tombstones, a node trusts nothing that it has cached.
func TestWhatPollingCannotTellIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		n.Want(text, verify.Valid)
		many := make([]keys.Change, 20_000)
		for i := range many {
			many[i] = keys.Change{ID: "key_x", Revision: int64(i)}
		}
		n.Store.Changes.Store(&many)
		time.Sleep(keys.PollBound)
		synctest.Wait()
		n.Store.Changes.Store(&[]keys.Change{})
		before := n.Store.Loads.Load()
		if n.Want(text, verify.Valid); n.Store.Loads.Load() == before {
			t.Error("a cached grant was used after more changes than the store tells")
		}
		n.Store.Gone.Store(true)
		time.Sleep(keys.TombstoneLife)
		n.Store.Gone.Store(false)
		time.Sleep(keys.PollBound)
		synctest.Wait()
		before = n.Store.Loads.Load()
		if n.Want(text, verify.Valid); n.Store.Loads.Load() == before {
			t.Error("a cached grant was used after an outage longer than tombstones live")
		}
	})
}

// A node that cannot poll serves nothing from memory MaxStale after its last
// poll, however lately a grant was loaded: what the others go by is the poll.
func TestWithoutPollingNothingIsServedFromMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		n := keystest.NewNode(t, store, 0, verify.Config{MaxStale: time.Minute})
		k, text := writer.Issue(keys.KeyFields{})
		_, lately := writer.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		if p := n.Verifier.Polling(); p.Failures != 0 || p.Stale || time.Since(p.LastPoll) > keys.PollBound/2 {
			t.Errorf("a node that polls is %+v", p)
		}
		store.PollsFail.Store(true) // all else goes on
		time.Sleep(time.Minute - time.Second)
		n.Want(lately, verify.Valid) // loaded a second before the end
		writer.Revoke(k)
		n.Want(text, verify.Valid) // it cannot know
		time.Sleep(2 * time.Second)
		n.Want(text, verify.Revoked) // read anew
		before := store.Loads.Load()
		n.Want(lately, verify.Valid)
		n.Want(lately, verify.Valid)
		if got := store.Loads.Load() - before; got != 2 {
			t.Errorf("%d reads for two questions without polling", got)
		}
		if p := n.Verifier.Polling(); p.Failures < 200 || !p.Stale || time.Since(p.LastPoll) < time.Minute {
			t.Errorf("a node that cannot poll is %+v", p)
		}
		store.Gone.Store(true)
		if _, err := n.Verifier.Verify(t.Context(), &verify.Question{Key: lately, Cost: 1}); !errors.Is(err, errs.Unavailable) {
			t.Errorf("a grant loaded %s ago, without polling: %v", time.Second*3, err)
		}
		store.Gone.Store(false)
		store.PollsFail.Store(false)
		time.Sleep(keys.PollBound)
		synctest.Wait()
		before = store.Loads.Load()
		n.Want(lately, verify.Valid)
		if got := store.Loads.Load() - before; got != 0 {
			t.Errorf("%d reads once it polls again", got)
		}
		if p := n.Verifier.Polling(); p.Failures != 0 || p.Stale {
			t.Errorf("a node that polls again is %+v", p)
		}
	})
}

// Where others cannot read of a poll, the node does not rely on it either.
func TestAPollThatIsNotRecordedDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		records := &keystest.Records{}
		registry := records.Registry(t, 0)
		n := keystest.NewNode(t, store, 0, verify.Config{MaxStale: time.Minute, Nodes: registry}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		time.Sleep(10 * time.Second)
		n.Want(text, verify.Valid)
		all, err := records.Nodes(t.Context())
		n.Must(err)
		told, serves := all[0], n.Verifier.Polling().LastPoll
		if told.PolledAt.Before(serves) || time.Since(serves) > keys.PollBound/2 {
			t.Errorf("others read of a poll at %s, it serves by one at %s", told.PolledAt, serves)
		}
		records.Gone.Store(true)
		time.Sleep(time.Minute + time.Second)
		before := store.Loads.Load()
		n.Want(text, verify.Valid)
		if store.Loads.Load() == before {
			t.Error("a grant was served from memory by polls that nobody knows of")
		}
	})
}

// What a slow poll tells is applied, but others cannot count on such a node.
func TestLatePollsDoNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		reader := keystest.NewNode(t, store, 0, verify.Config{})
		k, text := writer.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		store.PollTakes.Store(int64(900 * time.Millisecond))
		time.Sleep(time.Minute)
		reader.Want(text, verify.Valid)
		if p := reader.Verifier.Polling(); p.Failures < 100 || time.Since(p.LastPoll) < 50*time.Second {
			t.Errorf("late polls count: %+v", p)
		}
		writer.Revoke(k)
		time.Sleep(2 * keys.PollBound)
		synctest.Wait()
		reader.Want(text, verify.Revoked)
	})
}

// Polls that the store answers slowly overlap, so that the bound holds.
func TestSlowPollsHoldTheBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		reader := keystest.NewNode(t, store, 0, verify.Config{})
		store.PollTakes.Store(int64(600 * time.Millisecond))
		for i := range 20 {
			k, text := writer.Issue(keys.KeyFields{})
			time.Sleep(5*time.Second + time.Duration(i)*13*time.Millisecond)
			reader.Want(text, verify.Valid)
			writer.Revoke(k)
			time.Sleep(keys.PollBound)
			synctest.Wait()
			reader.Want(text, verify.Revoked)
		}
	})
}
