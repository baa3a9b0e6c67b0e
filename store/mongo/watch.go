package mongo

import (
	"context"
	"sync"

	monitoring "go.mongodb.org/mongo-driver/v2/event" // the driver's events, not those of the audit log

	"github.com/latchkey/latchkey/internal/calls"
)

// reading lists the commands that change nothing.
var reading = map[string]bool{
	"find": true, "getMore": true, "aggregate": true, "count": true, "distinct": true,
	"listIndexes": true, "hello": true,
}

// monitor reports each command that reaches a server to the watch, which may be nil. It
// reports only the name and the collection of a command.
func monitor(w calls.Watch) *monitoring.CommandMonitor {
	if w == nil {
		return nil
	}
	var running sync.Map // id of the request → what to call when it ends
	finish := func(id int64, err error) {
		if end, ok := running.LoadAndDelete(id); ok {
			end.(func(error))(err)
		}
	}
	return &monitoring.CommandMonitor{
		Started: func(ctx context.Context, e *monitoring.CommandStartedEvent) {
			c := calls.Call{System: "mongodb", Operation: calls.Write, Name: e.CommandName}
			if reading[e.CommandName] {
				c.Operation = calls.Read
			}
			if collection, ok := e.Command.Lookup(e.CommandName).StringValueOK(); ok {
				c.Name += " " + collection
			}
			_, end := w(ctx, c)
			running.Store(e.RequestID, end)
		},
		Succeeded: func(_ context.Context, e *monitoring.CommandSucceededEvent) { finish(e.RequestID, nil) },
		Failed:    func(_ context.Context, e *monitoring.CommandFailedEvent) { finish(e.RequestID, known(e.Failure)) },
	}
}
