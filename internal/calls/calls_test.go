package calls_test

import (
	"context"
	"slices"
	"testing"

	"github.com/latchkey/latchkey/internal/calls"
)

func TestJoinTellsAll(t *testing.T) {
	t.Parallel()
	if calls.Join() != nil || calls.Join(nil, nil) != nil {
		t.Error("nobody to tell is a watch")
	}
	var told []string
	watch := func(name string) calls.Watch {
		return func(ctx context.Context, c calls.Call) (context.Context, func(error)) {
			told = append(told, name+" begins "+c.Name)
			return ctx, func(err error) { told = append(told, name+" ends "+calls.Outcome(err)) }
		}
	}
	_, end := calls.Join(watch("a"), nil, watch("b"))(t.Context(), calls.Call{Name: "x"})
	end(context.DeadlineExceeded)
	if want := []string{"a begins x", "b begins x", "a ends timeout", "b ends timeout"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}
