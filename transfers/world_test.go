package transfers_test

import (
	"testing"

	"github.com/latchkey/latchkey/internal/keystest"
)

// world is the domain over a real store, with what many tests here do to it.
type world struct{ *keystest.World }

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{keystest.NewWorld(t)}
}
