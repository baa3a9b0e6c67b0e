package imports

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey/latchkey/imports/source"
)

// counted reads rows 0 to n-1, each with a problem after every tenth, and returns what
// happened at its end.
func counted(n int, failure error, ended *error) rows {
	return func(_ context.Context, row func(source.Row, *proof) error, problem func(Problem) error) (err error) {
		defer func() { *ended = err }()
		for i := range n {
			name := fmt.Sprint(i)
			if err := row(source.Row{ID: name}, &proof{Start: name}); err != nil {
				return err
			}
			if i%10 == 9 {
				if err := problem(Problem{ID: name}); err != nil {
					return err
				}
			}
		}
		return failure
	}
}

func idle(context.Context) error { return nil }

func TestReadingAheadKeepsTheOrder(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, n := range []int{0, 1, aheadRows, aheadRows + 1, 5 * aheadRows * aheadPasses / 2} {
		for _, failure := range []error{nil, broken} {
			var ended error
			got, problems := 0, 0
			err := counted(n, failure, &ended).ahead(idle)(t.Context(), func(row source.Row, p *proof) error {
				if row.ID != fmt.Sprint(got) || p.Start != row.ID {
					return fmt.Errorf("row %s with the proof of %s, want %d", row.ID, p.Start, got)
				}
				got++
				return nil
			}, func(p Problem) error {
				if p.ID != fmt.Sprint(got-1) {
					return fmt.Errorf("the problem of row %s came after row %d", p.ID, got-1)
				}
				problems++
				return nil
			})
			if !errors.Is(err, failure) || got != n || problems != n/10 {
				t.Errorf("%d rows that end with %v: %v after %d rows and %d problems", n, failure, err, got, problems)
			}
		}
	}
}

func TestReadingAheadEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	const endless = 1 << 40
	enough := errors.New("enough")
	ctx, cancel := context.WithCancel(t.Context())
	for name, tt := range map[string]struct {
		row, problem func() error
		want         error
	}{
		"a row that fails":     {func() error { return enough }, func() error { return nil }, enough},
		"a problem that fails": {func() error { return nil }, func() error { return enough }, enough},
		"a canceled context":   {func() error { cancel(); return nil }, func() error { return nil }, context.Canceled},
	} {
		var ended error
		failed := false
		err := counted(endless, nil, &ended).ahead(idle)(ctx, func(source.Row, *proof) error {
			if failed {
				t.Errorf("%s: called after the error", name)
			}
			err := tt.row()
			failed = err != nil
			return err
		}, func(Problem) error {
			err := tt.problem()
			failed = err != nil
			return err
		})
		if !errors.Is(err, tt.want) || !errors.Is(ended, context.Canceled) {
			t.Errorf("%s: %v, and reading ended with %v", name, err, ended)
		}
		if name == "a canceled context" {
			ctx, cancel = context.WithCancel(t.Context())
		}
	}
	cancel()
}

func TestReadingAheadTellsThatItWaits(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	slow := rows(func(ctx context.Context, _ func(source.Row, *proof) error, _ func(Problem) error) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err := slow.ahead(func(context.Context) error { return enough })(t.Context(), nil, nil); !errors.Is(err, enough) {
		t.Error(err)
	}
}
