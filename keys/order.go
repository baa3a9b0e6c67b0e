package keys

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KeyOrder is the order of a list of keys.
type KeyOrder string

// The orders. All but Newest leave out keys that they cannot place.
const (
	Newest   KeyOrder = ""        // by id, descending
	EndFirst KeyOrder = "expires" // keys that end, by EndsAt, then id
	UsedLast KeyOrder = "unused"  // keys that are not revoked, by LastUsedAt, then id: never used ones first
)

// Valid reports whether o is one of the orders.
func (o KeyOrder) Valid() bool { return o == Newest || o == EndFirst || o == UsedLast }

// At returns the time by which the order sorts the key, zero for never.
func (o KeyOrder) At(k *Key) time.Time {
	if o == EndFirst {
		return k.EndsAt()
	}
	return k.LastUsedAt
}

// Cursor returns the Page.After for the keys that follow the key.
func (o KeyOrder) Cursor(k *Key) string {
	return CursorAt(o, o.milliseconds(k), k.ID)
}

// CursorAt returns the cursor of the key with the id, at the time by which the order
// sorts it (see At), in Unix milliseconds.
func CursorAt(o KeyOrder, milliseconds int64, id string) string {
	if o == Newest {
		return id
	}
	return strconv.FormatInt(milliseconds, 10) + "." + id
}

func (o KeyOrder) milliseconds(k *Key) int64 {
	if at := o.At(k); !at.IsZero() {
		return at.UnixMilli()
	}
	return 0
}

// ParseCursor reads what Cursor wrote for an order by time. Anything else sorts
// before every key.
func ParseCursor(after string) (milliseconds int64, id string) {
	at, id, _ := strings.Cut(after, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return -1, ""
	}
	return n, id
}

// Compare compares two keys by the order.
func (o KeyOrder) Compare(a, b *Key) int {
	if o == Newest {
		return cmp.Compare(b.ID, a.ID)
	}
	return cmp.Or(cmp.Compare(o.milliseconds(a), o.milliseconds(b)), cmp.Compare(a.ID, b.ID))
}

// IsBehind reports whether the key comes after the cursor of an order by time.
func (o KeyOrder) IsBehind(k *Key, after string) bool {
	at, id := ParseCursor(after)
	return cmp.Or(cmp.Compare(o.milliseconds(k), at), cmp.Compare(k.ID, id)) > 0
}

// nearer returns whichever cursor comes first in the order; "" comes last.
func (o KeyOrder) nearer(a, b string) string {
	switch {
	case a == "" || b == "":
		return cmp.Or(a, b)
	case o == Newest:
		return max(a, b)
	}
	at, id := ParseCursor(a)
	other, second := ParseCursor(b)
	if cmp.Or(cmp.Compare(at, other), cmp.Compare(id, second)) < 0 {
		return a
	}
	return b
}

// listKeys lists keys of several organizations as if they were one: an index holds
// the order for only one organization.
func (s *search) listKeys(ctx context.Context, f KeyFilter, p Page) ([]Key, error) {
	if len(f.OrganizationIDs) < 2 {
		return s.store.Keys().List(ctx, f, p)
	}
	var all []Key
	for _, id := range f.OrganizationIDs {
		one := f
		one.OrganizationIDs = []string{id}
		part, err := s.store.Keys().List(ctx, one, p)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	slices.SortFunc(all, func(a, b Key) int { return f.Order.Compare(&a, &b) })
	return all[:min(len(all), p.Limit)], nil
}
