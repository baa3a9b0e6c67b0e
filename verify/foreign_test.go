package verify_test

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

const (
	djangoKey = "AbCdEfGh.0123456789abcdefghijklmnopqrstuv"
	weakKey   = "AbCdEfGh.12345678"
)

// imported stores a key as an import does, and makes its shape known.
func imported(t *testing.T, w *keystest.World, text string, d keys.Digest) keys.Key {
	t.Helper()
	k := keys.Key{
		Stamp: keys.NewStamp(w.Now()), ID: ids.New(ids.Key), OrganizationID: w.Account.OrganizationID, ServiceAccountID: w.Account.ID,
		Environment: keys.Live, HashAlgorithm: keys.SHA256, Hash: keys.HashOf(text), Digest: d, ImportID: "imp_1",
	}
	shape := keys.ShapeOf(text)
	if d != "" {
		public, _, _ := strings.Cut(text, ".")
		var err error
		if k.HashAlgorithm, k.Hash, err = d.Lookup(public + "."); err != nil {
			t.Fatal(err)
		}
		shape.SHA512, shape.Public = k.HashAlgorithm == keys.SHA512, len(public)+1
	}
	w.Format.Foreign().Set(keys.JoinShapes(w.Format.Foreign().Shapes(), []keys.Shape{shape}))
	w.Must(w.Store.Keys().Insert(t.Context(), k))
	return k
}

func TestForeignKeysVerify(t *testing.T) {
	t.Parallel()
	salted, err := keys.Salt(djangoKey, "NaCl", 20)
	if err != nil {
		t.Fatal(err)
	}
	for name, digest := range map[string]keys.Digest{
		"sha256": "", "sha512": keys.SHA512Digest(sha512.Sum512([]byte(djangoKey))), "pbkdf2": salted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := keystest.NewWorld(t)
			w.Want(djangoKey, verify.Malformed)
			k := imported(t, w, djangoKey, digest)
			w.Want(strings.Replace(djangoKey, "0", "1", 1), verify.NotFound)
			w.Want(djangoKey, verify.Valid)

			stored, err := w.Store.Keys().ByHash(t.Context(), keys.HashOf(djangoKey))
			if err != nil || stored.ID != k.ID || stored.Digest != "" || stored.HashAlgorithm != keys.SHA256 || stored.ImportID != "imp_1" {
				t.Errorf("after its first use: %+v, %v", stored, err)
			}
			w.Want(djangoKey, verify.Valid)
			w.Want(strings.Replace(djangoKey, "0", "1", 1), verify.NotFound)
			w.Revoke(stored)
			w.Want(djangoKey, verify.Revoked)
		})
	}
}

// TestForeignDigestIsNoKey presents what a thief of the source's database could: the
// digest, in the form in which it is hashed once more here.
func TestForeignDigestIsNoKey(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	sum := sha512.Sum512([]byte(djangoKey))
	imported(t, w, djangoKey, keys.SHA512Digest(sum))
	w.Format.Foreign().Set([]keys.Shape{{Alphabet: keys.Visible, Least: 16, Most: 512, SHA512: true, Public: 9}})
	forged := "latchkey sha512 " + string(sum[:])
	if _, err := w.Verifier.Lookup(t.Context(), verify.Lookup{Hash: keys.HashOf(forged), Asker: w.Admin}); !errors.Is(err, errs.NotFound) {
		t.Errorf("looked up by a stored digest: %v", err)
	}
	w.Want(forged, verify.Malformed)
	if _, err := w.Verifier.Find(t.Context(), djangoKey); err != nil {
		t.Errorf("found by its text: %v", err)
	}
}

// TestWeakForeignKeyKeepsItsDigest: its SHA-256 could be reversed.
func TestWeakForeignKeyKeepsItsDigest(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	digest, err := keys.Salt(weakKey, "NaCl", 20)
	if err != nil {
		t.Fatal(err)
	}
	k := imported(t, w, weakKey, digest)
	for range 3 {
		w.Want(weakKey, verify.Valid)
	}
	w.Want("AbCdEfGh.12345679", verify.NotFound)
	stored, err := w.Store.Keys().ByHash(t.Context(), k.Hash)
	if err != nil || stored.Digest != digest || stored.Revision != k.Revision {
		t.Errorf("%+v, %v", stored, err)
	}
	if v := w.Verify(verify.Question{Key: weakKey, Cost: 1, Fresh: true}); v.Code != verify.Valid {
		t.Error(v.Code)
	}
	w.Advance(time.Hour) // it is refreshed in the background without its text
	w.Want(weakKey, verify.Valid)
	w.Revoke(stored)
	w.Want(weakKey, verify.Revoked)
}

// TestWeakForeignKeyIsProvenOnce: a change to an account or tier, or a fresh question, does
// not cost a slow digest for each of its keys.
func TestWeakForeignKeyIsProvenOnce(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	digest, err := keys.Salt(weakKey, "NaCl", 20)
	w.Must(err)
	k := imported(t, w, weakKey, digest)
	w.Want(weakKey, verify.Valid)
	w.Verifier.Settle()
	w.Verifier.FillSlowQueue()
	w.Marks.Bump(w.Account.ID)
	w.Want(weakKey, verify.Valid)
	w.Verifier.Settle()
	if v := w.Verify(verify.Question{Key: weakKey, Cost: 1, Fresh: true}); v.Code != verify.Valid {
		t.Errorf("fresh: %s", v.Code)
	}
	w.Verifier.Settle()
	other := verify.Question{Key: "AbCdEfGh.12345679", Cost: 1}
	if _, err := w.Verifier.Verify(t.Context(), &other); !errors.Is(err, verify.ErrBusy) {
		t.Errorf("another text: %v", err)
	}
	stored, err := w.Store.Keys().Get(t.Context(), k.ID)
	w.Must(err)
	another, err := keys.Salt("AbCdEfGh.another one", "NaCl", 20)
	w.Must(err)
	stored.Digest = another
	stored.Advance(w.Now())
	w.Must(w.Store.Keys().Replace(t.Context(), stored))
	w.Marks.Bump(stored.Mark())
	same := verify.Question{Key: weakKey, Cost: 1}
	if _, err := w.Verifier.Verify(t.Context(), &same); !errors.Is(err, verify.ErrBusy) {
		t.Errorf("after its digest changed: %v", err)
	}
}

// TestGuessesAtOneKeyStopNoOther: they do not take the whole queue.
func TestGuessesAtOneKeyStopNoOther(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	const other = "ZyXwVuTs.0123456789abcdefghijklmnopqrstuv"
	for text, rounds := range map[string]int{djangoKey: 100_000, other: 20} {
		digest, err := keys.Salt(text, "NaCl", rounds)
		w.Must(err)
		imported(t, w, text, digest)
	}
	refused := make(chan struct{}, 100)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			q := verify.Question{Key: djangoKey[:len(djangoKey)-3] + fmt.Sprint(100+i), Cost: 1}
			if _, err := w.Verifier.Verify(t.Context(), &q); errors.Is(err, verify.ErrBusy) {
				refused <- struct{}{}
			}
		})
	}
	<-refused
	w.Want(other, verify.Valid)
	all.Wait()
}

// TestForeignKeyFirstUsedByMany stores its digest once.
func TestForeignKeyFirstUsedByMany(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	digest, err := keys.Salt(djangoKey, "NaCl", 1000)
	if err != nil {
		t.Fatal(err)
	}
	k := imported(t, w, djangoKey, digest)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			q := verify.Question{Key: djangoKey, Cost: 1, Fresh: i%2 == 0}
			if v, err := w.Verifier.Verify(t.Context(), &q); err != nil || v.Code != verify.Valid {
				t.Errorf("%v, %v", v.Code, err)
			}
		})
	}
	all.Wait()
	stored, err := w.Store.Keys().Get(t.Context(), k.ID)
	if err != nil || stored.Revision != k.Revision+1 {
		t.Errorf("revision %d, %v", stored.Revision, err)
	}
}

// guarded returns a second verifier of the world, at which ten unknown keys an hour may be
// tried.
func guarded(t *testing.T, w *keystest.World) *verify.Verifier {
	t.Helper()
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Now: w.Now, Store: w.Store})
	w.Must(err)
	v, err := verify.New(verify.Config{
		Store: w.Store, Limiter: limiter, Marks: w.Marks, Format: w.Format, Logger: slog.New(slog.DiscardHandler), Now: w.Now,
		GuessLimit: ratelimit.Rule{Requests: 10, Per: time.Hour, Burst: 10},
	})
	w.Must(err)
	t.Cleanup(func() {
		v.Close()
		w.Must(limiter.Close(context.WithoutCancel(t.Context())))
	})
	return v
}

// TestWrongForeignSecretIsAGuess: whoever tries secrets behind a known public part is
// stopped like whoever tries keys.
func TestWrongForeignSecretIsAGuess(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	digest, err := keys.Salt(djangoKey, "NaCl", 20)
	if err != nil {
		t.Fatal(err)
	}
	imported(t, w, djangoKey, digest)
	limited := guarded(t, w)
	from := netip.MustParseAddr("203.0.113.7")
	codes := map[verify.Code]int{}
	for i := range 30 {
		q := verify.Question{Key: djangoKey[:len(djangoKey)-2] + fmt.Sprint(10+i), Cost: 1, Address: from}
		v, err := limited.Verify(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		codes[v.Code]++
	}
	if codes[verify.NotFound] != 10 || codes[verify.RateLimited] != 20 {
		t.Errorf("%v", codes)
	}
	other := verify.Question{Key: djangoKey, Cost: 1, Address: netip.MustParseAddr("198.51.100.7")}
	if v, err := limited.Verify(t.Context(), &other); err != nil || v.Code != verify.Valid {
		t.Errorf("the owner, from elsewhere: %v, %v", v.Code, err)
	}
}

// TestForeignKeyIsSoughtAgainByItsText: an edge asked for its SHA-256 before, which nobody
// had.
func TestForeignKeyIsSoughtAgainByItsText(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	imported(t, w, djangoKey, keys.SHA512Digest(sha512.Sum512([]byte(djangoKey))))
	for range 2 {
		if _, err := w.Verifier.Lookup(t.Context(), verify.Lookup{Hash: keys.HashOf(djangoKey), Asker: w.Admin}); !errors.Is(err, errs.NotFound) {
			t.Fatal(err)
		}
	}
	w.Want(djangoKey, verify.Valid)
	if _, err := w.Verifier.Lookup(t.Context(), verify.Lookup{Hash: keys.HashOf(djangoKey), Asker: w.Admin}); err != nil {
		t.Errorf("after its first use: %v", err)
	}
}

// TestSlowDigestIsNotLost: each digest takes longer than a load may take for the store.
func TestSlowDigestIsNotLost(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	digest, err := keys.Salt(djangoKey, "NaCl", 1_000_000)
	w.Must(err)
	k := imported(t, w, djangoKey, digest)
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Now: w.Now, Store: w.Store})
	w.Must(err)
	hasty, err := verify.New(verify.Config{
		Store: w.Store, Limiter: limiter, Marks: w.Marks, Format: w.Format, Logger: slog.New(slog.DiscardHandler), Now: w.Now,
		StoreTimeout: 50 * time.Millisecond,
	})
	w.Must(err)
	t.Cleanup(func() {
		hasty.Close()
		w.Must(limiter.Close(context.WithoutCancel(t.Context())))
	})
	var stored keys.Key
	for range 10 { // a read may be too slow as well
		_, _ = hasty.Verify(t.Context(), &verify.Question{Key: djangoKey, Cost: 1})
		if stored, err = w.Store.Keys().Get(t.Context(), k.ID); err == nil && stored.Digest == "" {
			return
		}
	}
	t.Errorf("its digest is still %s, %v", stored.HashAlgorithm, err)
}
