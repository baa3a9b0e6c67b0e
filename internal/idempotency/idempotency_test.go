package idempotency

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// memory is a Store, and a set of objects that takes any number with one id.
type memory struct {
	mu      sync.Mutex
	records map[[sha256.Size]byte]Record
	objects map[string]int
}

func newMemory() *memory {
	return &memory{records: map[[sha256.Size]byte]Record{}, objects: map[string]int{}}
}

func (m *memory) do(f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return f()
}

func (m *memory) InsertIdempotency(_ context.Context, r Record) error {
	return m.do(func() error {
		if _, ok := m.records[r.Key]; ok {
			return errs.Conflict
		}
		m.records[r.Key] = r
		return nil
	})
}

func (m *memory) Idempotency(_ context.Context, key [sha256.Size]byte) (r Record, err error) {
	return r, m.do(func() error {
		var ok bool
		if r, ok = m.records[key]; !ok {
			return errs.NotFound
		}
		return nil
	})
}

func (m *memory) ReplaceIdempotency(_ context.Context, was, r Record) error {
	return m.do(func() error {
		if now := m.records[r.Key]; now.Try != was.Try || now.Made != was.Made {
			return errs.Stale
		}
		m.records[r.Key] = r
		return nil
	})
}

func (m *memory) DeleteIdempotencyBefore(context.Context, time.Time, int) (int, error) { return 0, nil }

func (m *memory) find(_ context.Context, id string) (string, error) {
	return id, m.do(func() error {
		if m.objects[id] == 0 {
			return errs.NotFound
		}
		return nil
	})
}

func (m *memory) put(id string) error { return m.do(func() error { m.objects[id]++; return nil }) }

func (m *memory) take(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects[id]--; m.objects[id] == 0 {
		delete(m.objects, id)
	}
}

func request(perTry bool) Request {
	var n atomic.Int64
	return Request{
		Principal: "usr_a", Operation: "POST /things", Key: "k", Body: []byte("{}"), PerTry: perTry,
		NewID: func() string { return fmt.Sprintf("thing_%d", n.Add(1)) },
	}
}

// slowly makes an object in the time, and takes it back unless it is confirmed.
func (m *memory) slowly(d time.Duration) func(context.Context, *Try) (string, error) {
	return func(ctx context.Context, t *Try) (string, error) {
		id := t.Begin()
		time.Sleep(d)
		if err := m.put(id); err != nil {
			return "", err
		}
		if err := t.Confirm(ctx); err != nil {
			m.take(id)
			return "", err
		}
		return id, nil
	}
}

// However many ask at once, on whatever node, one makes it and the others wait.
func TestOneOfManyMakesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var made, repeats atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				node := New(m, time.Now)
				_, repeated, err := Once(t.Context(), node, request(true), m.find, m.slowly(2*time.Second))
				switch {
				case err != nil:
					t.Error(err)
				case repeated:
					repeats.Add(1)
				default:
					made.Add(1)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 || repeats.Load() != 19 || len(m.objects) != 1 {
			t.Errorf("%d made it, %d found it, there are %v", made.Load(), repeats.Load(), m.objects)
		}
	})
}

// A request does not wait for long, and its answer says what to do.
func TestAKeyInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := New(m, time.Now)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, _, err := Once(t.Context(), k, request(true), m.find, m.slowly(12*time.Second)); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		began := time.Now()
		_, _, err := Once(t.Context(), k, request(true), m.find, m.slowly(0))
		if e, ok := errors.AsType[*errs.Error](err); !ok || e.Code != "idempotency_key_in_use" || !errors.Is(err, errs.Conflict) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited > patience+pause {
			t.Errorf("it waited for %s", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := Once(ctx, k, request(true), m.find, m.slowly(0)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that left: %v", err)
		}
		<-done
	})
}

// A node that dies, or stands still, after its claim is taken over by the next
// request, and what it makes too late is taken back.
func TestAClaimThatIsNotConfirmed(t *testing.T) {
	t.Parallel()
	for _, perTry := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			k, r := New(m, time.Now), request(perTry)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, repeated, err := Once(t.Context(), k, r, m.find, func(ctx context.Context, try *Try) (string, error) {
					if !perTry { // the store takes the id once
						id := try.Begin()
						time.Sleep(lease + skew + time.Second)
						if found, err := m.find(ctx, id); err == nil {
							return found, errs.Conflict
						}
						return id, m.put(id)
					}
					return m.slowly(lease+skew+time.Second)(ctx, try)
				})
				if !repeated || err != nil {
					t.Errorf("the late one: repeated %t, %v", repeated, err)
				}
			}()
			time.Sleep(lease + skew)
			if _, repeated, err := Once(t.Context(), k, r, m.find, m.slowly(0)); err != nil || repeated {
				t.Errorf("the next one: repeated %t, %v", repeated, err)
			}
			<-done
			if len(m.objects) != 1 {
				t.Errorf("there are %v", m.objects)
			}
		})
	}
}

// A try that is cut off behind its insert is found by the next request; whoever
// made it still tells of it if they live.
func TestWhatWasStoredIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k, r := New(m, time.Now), request(true)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, repeated, err := Once(t.Context(), k, r, m.find, func(_ context.Context, try *Try) (string, error) {
				id := try.Begin()
				err := m.put(id)
				time.Sleep(lease + skew + time.Second)
				if err == nil {
					err = try.Confirm(t.Context())
				}
				return id, err
			})
			if repeated || err != nil {
				t.Errorf("whoever made it: repeated %t, %v", repeated, err)
			}
		}()
		time.Sleep(lease + skew)
		id, repeated, err := Once(t.Context(), k, r, m.find, m.slowly(0))
		if err != nil || !repeated || id != "thing_1" {
			t.Errorf("the next one: %q, repeated %t, %v", id, repeated, err)
		}
		<-done
	})
}

// After a refusal the next request begins at once; where the store did not say
// whether it stored the object, only when that is certain.
func TestAfterAnError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		err   error
		begun bool
		wait  bool
	}{
		{"a refusal", errs.New(errs.Invalid, "no"), true, false},
		{"a conflict", errs.New(errs.Conflict, "too many"), true, false},
		{"the store away before anything is stored", errs.Unavailable, false, false},
		{"the store away in the middle", errs.Unavailable, true, true},
		{"our own fault in the middle", errors.New("fault"), true, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			k, r := New(m, time.Now), request(true)
			_, _, err := Once(t.Context(), k, r, m.find, func(_ context.Context, try *Try) (string, error) {
				if tt.begun {
					try.Begin()
				}
				return "", tt.err
			})
			if !errors.Is(err, tt.err) {
				t.Errorf("%s: %v", tt.name, err)
			}
			_, _, err = Once(t.Context(), k, r, m.find, m.slowly(0))
			if inUse := errors.Is(err, errs.Conflict); inUse != tt.wait || (!inUse && err != nil) {
				t.Errorf("%s: the next request: %v", tt.name, err)
			}
			time.Sleep(lease + skew)
			if _, _, err = Once(t.Context(), k, r, m.find, m.slowly(0)); err != nil || len(m.objects) != 1 {
				t.Errorf("%s: a later request: %v, there are %v", tt.name, err, m.objects)
			}
		})
	}
}

// Whatever takes longer than the claim is given up.
func TestATryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		_, _, err := Once(t.Context(), New(m, time.Now), request(true), m.find, func(ctx context.Context, _ *Try) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		if !errors.Is(err, errs.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
}

// A record of an earlier release names an id that is being made, or was.
func TestRecordsOfEarlierReleases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k, r := New(m, time.Now), request(true)
		first, _, err := k.claim(t.Context(), &r)
		if err != nil {
			t.Fatal(err)
		}
		m.records[first.Key] = Record{Key: first.Key, Fingerprint: first.Fingerprint, ObjectID: "old", CreatedAt: first.CreatedAt}
		if _, _, err := Once(t.Context(), k, r, m.find, m.slowly(0)); !errors.Is(err, errs.Conflict) {
			t.Errorf("while it may be made: %v", err)
		}
		time.Sleep(lease + skew)
		m.objects["old"] = 1
		if id, repeated, err := Once(t.Context(), k, r, m.find, m.slowly(0)); id != "old" || !repeated || err != nil {
			t.Errorf("what it made: %q, repeated %t, %v", id, repeated, err)
		}
	})
}

// TestAClaimOfAClockThatWasAhead is nobody's: no try takes that long.
func TestAClaimOfAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for ahead, free := range map[time.Duration]bool{0: false, skew: false, 24 * time.Hour: true} {
		made := now.Add(ahead)
		r := Record{CreatedAt: made, FreeAt: made.Add(lease + skew)}
		if r.free(now) != free {
			t.Errorf("made %s ahead: free is %t", ahead, !free)
		}
	}
}
