package mongo

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/latchkey/latchkey/errs"
)

// Whatever says that the store cannot be asked, or cannot do its work just now,
// in whatever shape the driver returns it, is its absence and no fault of ours.
func TestAStoreThatCannotAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	codes := []int{6, 7, 50, 64, 89, 91, 100, 133, 134, 189, 202, 262, 462, 9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436}
	codes = append(append(codes, passingCodes...), awayCodes...)
	for _, code := range codes {
		for _, err := range []error{
			mongo.CommandError{Code: int32(code)},
			mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: code}},
			mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: code}}},
			mongo.BulkWriteException{WriteConcernError: &mongo.WriteConcernError{Code: code}},
			mongo.BulkWriteException{WriteErrors: []mongo.BulkWriteError{{WriteError: mongo.WriteError{Code: code}}}},
		} {
			if got := known(fmt.Errorf("insert: %w", err)); !errors.Is(got, errs.Unavailable) {
				t.Errorf("%d as %T has the kind %q", code, err, errs.KindOf(got))
			}
		}
	}
	for _, err := range []error{
		mongo.CommandError{Code: 1, Labels: []string{"RetryableWriteError"}},
		mongo.CommandError{Code: 1, Labels: []string{"SystemOverloadedError"}},
		mongo.CommandError{Labels: []string{"NetworkError"}},
		mongo.WriteException{Labels: []string{"RetryableWriteError"}},
		topology.ServerSelectionError{Wrapped: errors.New("no primary")},
		mongo.ErrClientDisconnected,
		context.DeadlineExceeded,
		errors.New("connection pool for h:1 was cleared because another operation failed"),
	} {
		if got := known(err); !errors.Is(got, errs.Unavailable) {
			t.Errorf("%v has the kind %q", err, errs.KindOf(got))
		}
	}
	for _, err := range []error{
		mongo.CommandError{Code: 2, Name: "BadValue"},
		mongo.CommandError{Code: 13, Name: "Unauthorized"},
		mongo.CommandError{Code: 121, Name: "DocumentValidationFailure"},
		mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 79, Name: "UnknownReplWriteConcern"}},
		context.Canceled,
	} {
		if got := known(err); errs.KindOf(got) != "" {
			t.Errorf("%v has the kind %q", err, errs.KindOf(got))
		}
	}
	taken := mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000}}, Labels: []string{"RetryableWriteError"}}
	if got := known(taken); !errors.Is(got, errs.Conflict) {
		t.Errorf("a taken id has the kind %q", errs.KindOf(got))
	}
}

// A read is asked again where that may help, after a pause, and not without end.
func TestReadsAreAskedAgainAfterAPause(t *testing.T) {
	t.Parallel()
	passing := mongo.CommandError{Code: 13388}
	for _, tt := range []struct {
		name  string
		fails []error // the last one goes on
		want  error
		tries int
	}{
		{"a moment", []error{passing, passing, nil}, nil, 3},
		{"for ever", []error{passing}, errs.Unavailable, readTries},
		{"a lost connection", []error{mongo.CommandError{Labels: []string{"NetworkError"}}, nil}, nil, 2},
		{"no such document", []error{mongo.ErrNoDocuments}, errs.NotFound, 1},
		{"no server at all", []error{topology.ServerSelectionError{}}, errs.Unavailable, 1},
		{"too slow", []error{mongo.CommandError{Code: 50}}, errs.Unavailable, 1},
		{"an operator", []error{mongo.CommandError{Code: 11601}}, errs.Unavailable, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries, began, last := 0, time.Now(), time.Time{}
			err := documents{store: &engine{}}.read(t.Context(), func(context.Context) error {
				if tries > 0 && time.Since(last) < readPause/2 {
					t.Errorf("%s: asked again after %s", tt.name, time.Since(last))
				}
				last = time.Now()
				tries++
				return tt.fails[min(tries, len(tt.fails))-1]
			})
			if !errors.Is(err, tt.want) || (tt.want == nil && err != nil) || tries != tt.tries {
				t.Errorf("%s: %v after %d tries", tt.name, err, tries)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s: it took %s", tt.name, took)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), readPause/4)
		defer cancel()
		tries := 0
		err := documents{store: &engine{}}.read(ctx, func(context.Context) error { tries++; return passing })
		if !errors.Is(err, errs.Unavailable) || tries != 1 {
			t.Errorf("whoever has no time: %v after %d tries", err, tries)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := documents{store: &engine{}}.read(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if took := time.Since(began); !errors.Is(err, errs.Unavailable) || took != operationTimeout {
			t.Errorf("a server that says nothing: %v after %s", err, took)
		}
	})
}
