package edge

import (
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey/latchkey/errs"
)

// Only a node that does not answer is a reason to fail open: what a node refuses can be
// brought about by callers.
func TestWhatANodeAnswersIsNotTemporary(t *testing.T) {
	t.Parallel()
	e := &Edge{source: &source{up: &upstream{}}}
	passes := func(err error) bool {
		var t interface{ Temporary() bool }
		return errors.As(e.undecided(err), &t) && t.Temporary()
	}
	if !passes(unavailable("cannot be reached", nil)) {
		t.Error("a node that is gone is not temporary")
	}
	for _, kind := range []errs.Kind{errs.Limited, errs.Invalid, errs.NotFound} {
		for _, err := range []error{errs.New(kind, "no_key"), fmt.Errorf("%w: %w", errs.Unavailable, errs.New(kind, "no_key"))} {
			if passes(err) {
				t.Errorf("%v is temporary", err)
			}
		}
	}
}
