package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/usage"
)

type page struct {
	ID               string           `bson:"_id"`
	Kind             int32            `bson:"kind"`
	Level            int32            `bson:"level"`
	Start            time.Time        `bson:"start"`
	KeyID            string           `bson:"key_id"`
	ServiceAccountID string           `bson:"service_account_id"`
	OrganizationID   string           `bson:"organization_id"`
	Scope            string           `bson:"scope"`
	Cells            map[string]int64 `bson:"cells"`
}

// pageID begins with the owner, so that a cluster sharded by it spreads concurrent writes.
func pageID(p *usage.Page) string {
	return fmt.Sprintf("%s %d %d %d", p.Owner(), p.Kind, p.Level, p.Start.Unix())
}

func addition(p *usage.Page) mongo.WriteModel {
	add := bson.D{}
	for c, n := range p.Cells {
		add = append(add, bson.E{Key: "cells." + strconv.Itoa(int(c)), Value: int64(n)}) //nolint:gosec // G115: counts of a second
	}
	made := bson.D{
		{Key: "kind", Value: int32(p.Kind)},
		{Key: "level", Value: int32(p.Level)},
		{Key: "start", Value: p.Start},
		{Key: "key_id", Value: p.KeyID},
		{Key: "service_account_id", Value: p.AccountID},
		{Key: "organization_id", Value: p.OrganizationID},
		{Key: "scope", Value: p.Scope},
	}
	return mongo.NewUpdateOneModel().SetFilter(byID(pageID(p))).
		SetUpdate(bson.D{{Key: "$inc", Value: add}, {Key: "$setOnInsert", Value: made}}).SetUpsert(true)
}

const usageAttempts = 5

// AddUsage adds the counts of the pages to the stored ones. Each page is one atomic
// operation. After an error some may have been added, and a retry by the caller adds them
// again, which counts too much, never too little. If two nodes create the same page at
// once, the loser adds to it.
func (s *counts) AddUsage(ctx context.Context, pages []usage.Page, progress journal.Progress) error {
	if progress.Owner != "" {
		return s.addFrom(ctx, pages, progress)
	}
	return s.addPages(ctx, pages)
}

func (s *counts) addPages(ctx context.Context, pages []usage.Page) error {
	writes := make([]mongo.WriteModel, 0, len(pages))
	for i := range pages {
		if len(pages[i].Cells) > 0 {
			writes = append(writes, addition(&pages[i]))
		}
	}
	var err error
	for range usageAttempts {
		if len(writes) == 0 {
			return nil
		}
		_, err = s.in("usage").bulk(ctx, writes)
		lost, only := overtaken(err)
		if !only {
			return known(err)
		}
		again := make([]mongo.WriteModel, len(lost))
		for i, index := range lost {
			again[i] = writes[index]
		}
		writes = again
	}
	return known(err)
}

// overtaken returns which writes tried to create a page that another node had just
// created, and whether nothing else failed.
func overtaken(err error) (lost []int, only bool) {
	if err == nil {
		return nil, true
	}
	failed, ok := errors.AsType[mongo.BulkWriteException](err)
	if !ok || failed.WriteConcernError != nil {
		return nil, false
	}
	for _, one := range failed.WriteErrors {
		if !mongo.IsDuplicateKeyError(one.WriteError) {
			return nil, false
		}
		lost = append(lost, one.Index)
	}
	return lost, len(lost) > 0
}

func wherePages(f usage.PageFilter) bson.D {
	d := equal(equal(bson.D{}, "key_id", f.KeyID), "service_account_id", f.AccountID)
	return append(oneOf(d, "organization_id", f.OrganizationIDs),
		bson.E{Key: "kind", Value: int32(f.Kind)}, bson.E{Key: "level", Value: int32(f.Level)},
		bson.E{Key: "start", Value: bson.D{{Key: "$gte", Value: f.From}, {Key: "$lt", Value: f.Until}}})
}

// Usage returns at most limit pages.
func (s *counts) Usage(ctx context.Context, f usage.PageFilter, limit int) ([]usage.Page, error) {
	found, err := find[page](ctx, s.in("usage"), wherePages(f), options.Find().SetLimit(int64(limit)))
	if err != nil {
		return nil, err
	}
	pages := make([]usage.Page, len(found))
	for i := range found {
		if pages[i], err = pageIn(&found[i]); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

func pageIn(d *page) (usage.Page, error) {
	p := usage.Page{
		Kind: usage.Kind(d.Kind), Level: usage.Level(d.Level), Start: d.Start.UTC(), Scope: d.Scope, //nolint:gosec // G115: as they were stored
		Subject: usage.Subject{KeyID: d.KeyID, AccountID: d.ServiceAccountID, OrganizationID: d.OrganizationID},
		Cells:   make(map[usage.Cell]uint64, len(d.Cells)),
	}
	for name, n := range d.Cells {
		c, err := strconv.ParseUint(name, 10, 16)
		if err != nil {
			return p, fmt.Errorf("a count of the usage page %s: %w", d.ID, err)
		}
		p.Cells[usage.Cell(c)] = uint64(n) //nolint:gosec // G115: never negative
	}
	return p, nil
}

// DeleteUsageBefore removes at most limit pages.
func (s *counts) DeleteUsageBefore(ctx context.Context, k usage.Kind, l usage.Level, before time.Time, limit int) (int, error) {
	return s.in("usage").removeSome(ctx, bson.D{
		{Key: "kind", Value: int32(k)},
		{Key: "level", Value: int32(l)},
		{Key: "start", Value: bson.D{{Key: "$lt", Value: before}}},
	}, limit)
}

// MoveUsage moves at most limit pages of the account to another organization.
func (s *counts) MoveUsage(ctx context.Context, accountID, organizationID string, limit int) (int, error) {
	where := bson.D{
		{Key: "service_account_id", Value: accountID}, {Key: "organization_id", Value: bson.D{{Key: "$ne", Value: organizationID}}},
	}
	found, err := find[page](ctx, s.in("usage"), where, options.Find().SetLimit(int64(limit)).SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil || len(found) == 0 {
		return 0, err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	return len(found), s.in("usage").updateAll(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}},
		set(bson.E{Key: "organization_id", Value: organizationID}))
}

// refused holds a key's refusals. They are stored as text, because they are always read
// and replaced as a whole.
type refused struct {
	ID        string    `bson:"_id"`
	Revision  int64     `bson:"revision"`
	RefusedAt time.Time `bson:"refused_at"`
	Last      string    `bson:"last"`
}

// AddRefusals joins refusals with the stored ones.
func (s *counts) AddRefusals(ctx context.Context, of map[string][]usage.Refusal) error {
	for id, more := range of {
		if err := s.joinRefusals(ctx, id, more); err != nil {
			return err
		}
	}
	return nil
}

// joinRefusals retries if another node was faster.
func (s *counts) joinRefusals(ctx context.Context, id string, more []usage.Refusal) error {
	for range usageAttempts {
		d, stored, err := s.refusals(ctx, id)
		if err != nil {
			return err
		}
		last := usage.Join(stored, more)
		if len(last) == 0 {
			return nil
		}
		text, err := json.Marshal(last)
		if err != nil {
			return err
		}
		next := refused{ID: id, Revision: d.Revision + 1, RefusedAt: last[0].At, Last: string(text)}
		if d.Revision == 0 {
			err = s.in("refusals").insert(ctx, next)
			if errors.Is(err, errs.Conflict) {
				continue
			}
			return err
		}
		there, err := s.in("refusals").replace(ctx, atRevision(id, d.Revision), next)
		if err != nil || there {
			return err
		}
	}
	return errs.New(errs.Conflict, "too_many_refusals")
}

func (s *counts) refusals(ctx context.Context, id string) (d refused, last []usage.Refusal, err error) {
	err = s.in("refusals").first(ctx, byID(id), &d)
	if errors.Is(err, errs.NotFound) {
		return d, nil, nil
	}
	if err != nil {
		return d, nil, err
	}
	err = json.Unmarshal([]byte(d.Last), &last)
	return d, last, err
}

// Refusals returns the latest refusals of the key, newest first.
func (s *counts) Refusals(ctx context.Context, keyID string) ([]usage.Refusal, error) {
	_, last, err := s.refusals(ctx, keyID)
	return last, err
}

// DeleteRefusalsBefore deletes the refusals of keys that were not refused since.
func (s *counts) DeleteRefusalsBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.in("refusals").removeSome(ctx, bson.D{{Key: "refused_at", Value: bson.D{{Key: "$lt", Value: before}}}}, limit)
}
