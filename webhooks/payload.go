package webhooks

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// payload is the body of a delivery. It has what the audit log has of the event, without
// the address and user agent that the change came from.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	EventID        string          `json:"event_id"`
	OrganizationID *string         `json:"organization_id"`
	Object         object          `json:"object"`
	Actor          actor           `json:"actor"`
	Before         json.RawMessage `json:"before"`
	After          json.RawMessage `json:"after"`
}

type object struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type actor struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	KeyID string `json:"key_id"`
}

// delivery returns a delivery of the event that was not tried yet.
func (e *Endpoint) delivery(ev *audit.Event, name string, now time.Time) (Delivery, error) {
	p := payload{Type: name, Timestamp: ev.At, Data: data{
		EventID: ev.ID, Object: object{ev.Object.Type, ev.Object.ID}, Actor: actor(ev.Subject),
		Before: orNull(ev.Before), After: orNull(ev.After),
	}}
	if ev.Object.OrganizationID != "" {
		p.Data.OrganizationID = &ev.Object.OrganizationID
	}
	body, err := json.Marshal(p)
	if err != nil {
		return Delivery{}, fmt.Errorf("encode event %s: %w", ev.ID, err)
	}
	return Delivery{
		Stamp: keys.NewStamp(now), ID: DeliveryID(e.ID, ev.ID), EndpointID: e.ID, EventID: ev.ID, Type: name,
		About: ev.Object.Type + " " + ev.Object.ID, At: ev.At, Payload: body, Queue: Fresh, Outcome: Waiting,
	}, nil
}

func orNull(m json.RawMessage) json.RawMessage {
	if len(m) == 0 {
		return json.RawMessage("null")
	}
	return m
}

// testEvent is an event that did not happen.
func (e *Endpoint) testEvent(by audit.Subject, now time.Time) audit.Event {
	return audit.Event{ID: ids.New(ids.Event), At: keys.Moment(now), Subject: by, Action: TestType, Object: e.Object()}
}
