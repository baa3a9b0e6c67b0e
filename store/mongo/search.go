package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Ahead returns the cursor of the key n places after another. listByUse bounds the order
// by use itself.
func (c keyCollection) Ahead(ctx context.Context, f keys.KeyFilter, after string, n int) (string, error) {
	if f.Order == keys.UsedLast {
		return "", nil
	}
	where, order := c.where(f), bson.D{{Key: "_id", Value: -1}}
	switch {
	case f.Order == keys.EndFirst:
		where = bson.D{{Key: "$and", Value: bson.A{where, bson.D{{Key: "ends_at", Value: bson.D{{Key: "$ne", Value: nil}}}}, endsBehind(after)}}}
		order = bson.D{{Key: "ends_at", Value: 1}, {Key: "_id", Value: 1}}
	case after != "":
		where = append(where, bson.E{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}})
	}
	var found key
	err := c.documents().first(ctx, where, &found, options.FindOne().SetSort(order).SetSkip(int64(n-1)).SetProjection(bson.D{
		{Key: "ends_at", Value: 1},
	}))
	if errors.Is(err, errs.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	at := int64(0)
	if found.EndsAt != nil {
		at = found.EndsAt.UnixMilli()
	}
	return keys.CursorAt(f.Order, at, found.ID), nil
}

// WholeByUse looks for one key more than listByUse sorts.
func (c keyCollection) WholeByUse(ctx context.Context, f keys.KeyFilter) (bool, error) {
	no := false
	where := c.where(keys.KeyFilter{OrganizationIDs: f.OrganizationIDs, ServiceAccountID: f.ServiceAccountID, Revoked: &no})
	err := c.documents().first(ctx, where, nil,
		options.FindOne().SetSort(bson.D{{Key: "_id", Value: 1}}).SetSkip(keys.MostLooked).SetProjection(bson.D{
			{Key: "_id", Value: 1},
		}))
	if errors.Is(err, errs.NotFound) {
		return true, nil
	}
	return false, err
}

// WithText always returns false: there is no index for parts of words that every server
// of the protocol supports. Searches look at a bounded number of keys instead.
func (c keyCollection) WithText(context.Context, string, int) ([]string, bool, error) {
	return nil, false, nil
}
