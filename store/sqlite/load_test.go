package sqlite_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

func TestManyKeysAreStoredWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	all := make([]keys.Key, 20_000) // for some seconds
	for i := range all {
		all[i] = keys.Key{Stamp: keys.NewStamp(time.Now()), ID: ids.New(ids.Key), Hash: keys.HashOf(rand.Text()), HashAlgorithm: keys.SHA256}
	}
	for name, insert := range map[string]func(context.Context, []keys.Key) ([]string, error){
		"insert": s.Keys().InsertAll, "load": s.LoadKeys,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := insert(ctx, all)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		found, err := s.Keys().List(t.Context(), keys.KeyFilter{}, keys.Page{Limit: 1})
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %d keys are stored, %v", name, len(found), err)
		}
		taken, err := insert(t.Context(), all[:1])
		if err != nil || len(taken) != 0 {
			t.Errorf("%s afterwards: %v, %v", name, taken, err)
		}
		if err := s.Keys().Delete(t.Context(), all[0].ID, all[0].Revision); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
	}
}
