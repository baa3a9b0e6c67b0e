package keys

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/audit"
)

// Recorder publishes changes once they are written: to the caches of this node and of
// others, and to the audit log. A Service records every change to objects of this
// package with its Recorder.
type Recorder struct {
	audit *audit.Log
	marks *Marks
	push  func(marks []string)
	now   func() time.Time
}

// Now returns the time by the service's clock.
func (r *Recorder) Now() time.Time { return r.now() }

// Record invalidates cached copies of the object and writes the audit event of its
// change. Call it after the write and before the answer.
func (r *Recorder) Record(ctx context.Context, a Actor, action string, object audit.Object, before, after any) error {
	r.Bump(object.ID)
	return r.audit.Record(ctx, audit.Change{
		Subject: a.Subject(), Action: action, Object: object, Before: before, After: after,
	})
}

// RecordKey is Record for a key, which caches identify by its hash.
func (r *Recorder) RecordKey(ctx context.Context, a Actor, action string, k *Key, before, after any) error {
	r.Bump(k.Mark())
	return r.Record(ctx, a, action, k.Object(), before, after)
}

// Tell writes the audit event of a change that caches already know.
func (r *Recorder) Tell(ctx context.Context, change audit.Change) error {
	return r.audit.Record(ctx, change)
}

// Told returns the newest events that pass the filter, at most limit.
func (r *Recorder) Told(ctx context.Context, f audit.Filter, limit int) ([]audit.Event, error) {
	return r.audit.Events(ctx, f, "", limit)
}

// Bump invalidates cached copies of the marks' objects, here at once and on other
// nodes as soon as they learn of it.
func (r *Recorder) Bump(marks ...string) {
	for _, mark := range marks {
		r.marks.Bump(mark)
	}
	if r.push != nil {
		r.push(marks)
	}
}
