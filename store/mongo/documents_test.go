package mongo

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/latchkey/latchkey/internal/parts"
)

// Of many writes, which are sent in several commands, each that was refused is
// told by its place, and the others are made.
func TestManyWritesTellWhichWereRefused(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), parts.Mongo(t).URL(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	taken := []int{3, bulkSize, 2*bulkSize + 7}
	writes := make([]mongo.WriteModel, 2*bulkSize+20)
	for i := range writes {
		document := bson.D{{Key: "_id", Value: fmt.Sprint(i)}}
		writes[i] = mongo.NewInsertOneModel().SetDocument(document)
		if slices.Contains(taken, i) {
			if err := s.in("usage").insert(t.Context(), document); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err = s.in("usage").bulk(t.Context(), writes)
	if lost, only := overtaken(err); !only || !slices.Equal(lost, taken) {
		t.Errorf("refused are %v, %t: %v", lost, only, err)
	}
	if n, err := s.in("usage").all.CountDocuments(t.Context(), bson.D{}); err != nil || int(n) != len(writes) {
		t.Errorf("%d of %d are there, %v", n, len(writes), err)
	}
}
