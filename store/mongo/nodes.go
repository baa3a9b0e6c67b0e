package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/nodes"
)

type node struct {
	ID        string    `bson:"_id"`
	Name      string    `bson:"name"`
	Version   string    `bson:"version"`
	StartedAt time.Time `bson:"started_at"`
	PolledAt  time.Time `bson:"polled_at"`
	Beat      int64     `bson:"beat"`
	MaxStale  int64     `bson:"max_stale"` // nanoseconds
	FedBy     string    `bson:"fed_by"`
	Owner     string    `bson:"owner"`
}

// PutNode stores the record unless a later one is stored.
func (s *cluster) PutNode(ctx context.Context, n nodes.Node) error {
	earlier := bson.D{{Key: "_id", Value: n.ID}, {Key: "beat", Value: bson.D{{Key: "$lt", Value: n.Beat}}}}
	err := s.in("nodes").upsert(ctx, earlier, set(
		bson.E{Key: "name", Value: n.Name}, bson.E{Key: "version", Value: n.Version}, bson.E{Key: "started_at", Value: n.StartedAt},
		bson.E{Key: "polled_at", Value: n.PolledAt}, bson.E{Key: "beat", Value: n.Beat}, bson.E{Key: "max_stale", Value: int64(n.MaxStale)},
		bson.E{Key: "fed_by", Value: n.FedBy}, bson.E{Key: "owner", Value: n.Owner},
	))
	if errors.Is(err, errs.Conflict) {
		return nil // a later one
	}
	return err
}

// Nodes returns all records.
func (s *cluster) Nodes(ctx context.Context) ([]nodes.Node, error) {
	found, err := find[node](ctx, s.in("nodes"), bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, err
	}
	all := make([]nodes.Node, len(found))
	for i, d := range found {
		all[i] = nodes.Node{
			ID: d.ID, Name: d.Name, Version: d.Version, StartedAt: d.StartedAt.UTC(), PolledAt: d.PolledAt.UTC(),
			Beat: d.Beat, MaxStale: time.Duration(d.MaxStale), FedBy: d.FedBy, Owner: d.Owner,
		}
	}
	return all, nil
}

// DeleteNode deletes the record if its Beat is not above beat.
func (s *cluster) DeleteNode(ctx context.Context, id string, beat int64) error {
	_, err := s.in("nodes").remove(ctx, bson.D{{Key: "_id", Value: id}, {Key: "beat", Value: bson.D{{Key: "$lte", Value: beat}}}})
	return err
}

// TakeLease gives the lease to the holder if it is free. If another has it, the upsert
// matches nothing and its id is taken.
func (s *cluster) TakeLease(ctx context.Context, l nodes.Lease, expired, latest time.Time) (bool, error) {
	free := bson.D{{Key: "_id", Value: l.Name}, {Key: "$or", Value: bson.A{
		bson.D{{Key: "holder", Value: l.Holder}},
		bson.D{{Key: "until", Value: bson.D{{Key: "$lt", Value: expired}}}},
		bson.D{{Key: "until", Value: bson.D{{Key: "$gt", Value: latest}}}},
	}}}
	err := s.in("leases").upsert(ctx, free, set(bson.E{Key: "holder", Value: l.Holder}, bson.E{Key: "until", Value: l.Until}))
	if errors.Is(err, errs.Conflict) {
		return false, nil
	}
	return err == nil, err
}

// DropLease ends the lease if the holder has it.
func (s *cluster) DropLease(ctx context.Context, name, holder string) error {
	_, err := s.in("leases").remove(ctx, bson.D{{Key: "_id", Value: name}, {Key: "holder", Value: holder}})
	return err
}
