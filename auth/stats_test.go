package auth_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
)

func TestStatsOfPasswords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		passwords, err := auth.NewPasswords()
		if err != nil {
			t.Fatal(err)
		}
		if s := passwords.Stats(); s.Running != 0 || s.Waiting != 0 || s.Refused != 0 || s.Places < 1 {
			t.Errorf("at rest: %+v", s)
		}
		leave := passwords.Occupy()
		refused := make(chan error)
		go func() { _, err := passwords.Hash(t.Context(), "a password"); refused <- err }()
		time.Sleep(time.Second)
		if s := passwords.Stats(); s.Running != s.Places || s.Waiting != 1 || s.Refused != 0 {
			t.Errorf("while all places are taken: %+v", s)
		}
		if err := <-refused; !errors.Is(err, errs.Unavailable) {
			t.Error(err)
		}
		leave()
		if s := passwords.Stats(); s.Running != 0 || s.Waiting != 0 || s.Refused != 1 {
			t.Errorf("afterwards: %+v", s)
		}
	})
}
