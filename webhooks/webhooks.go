// Package webhooks tells others of what happened: it delivers audit events to the
// endpoints of organizations, and of the provider, as Standard Webhooks 1.0 says. The audit
// log is the outbox: one node reads it from a durable position and queues a delivery for
// each endpoint that chose the event, so that nothing is lost when a process ends. What
// HTTP and pages need of it lies in other packages.
package webhooks

import (
	"encoding/json"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
)

// Bounds of endpoints.
const (
	MaxEndpoints   = 20  // of one organization, and of the provider
	MaxURL         = 500 // characters
	MaxDescription = 200
	MaxOverlap     = 7 * 24 * time.Hour // how long an old secret may stay valid
	StandardOver   = 24 * time.Hour
)

// State says whether an endpoint is told of events.
type State string

// The states.
const (
	Enabled  State = "enabled"
	Disabled State = "disabled"
)

// Reason says why an endpoint is disabled.
type Reason string

// The reasons.
const (
	ByHand  Reason = "by_hand"
	Gone    Reason = "gone"    // it answered 410
	Failing Reason = "failing" // nothing could be delivered for days
)

// EndpointFields are the fields of an endpoint that can be set.
type EndpointFields struct {
	URL         string   `json:"url"`
	Types       []string `json:"event_types"` // nil: all
	Description string   `json:"description"`
	State       State    `json:"state"`
}

// Endpoint is an address that is told of events.
type Endpoint struct {
	keys.Stamp
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id,omitempty"` // "": the provider's, over all organizations
	EndpointFields
	Reason  Reason    `json:"reason,omitempty"`
	Since   time.Time `json:"since"`   // earlier events are not for it
	Secrets []Secret  `json:"secrets"` // newest first, at most two
}

// Secret signs what an endpoint is sent.
type Secret struct {
	Sealed    []byte    `json:"sealed"`
	CreatedAt time.Time `json:"created_at"`
	EndsAt    time.Time `json:"ends_at,omitzero"` // zero for the newest
}

// Object names the endpoint in the audit log.
func (e *Endpoint) Object() audit.Object {
	return audit.Object{Type: "webhook", ID: e.ID, OrganizationID: e.OrganizationID}
}

// snapshot is what the audit log has of an endpoint: no secrets.
type snapshot struct {
	ID string `json:"id"`
	EndpointFields
	Reason          Reason    `json:"reason,omitempty"`
	SecretCreatedAt time.Time `json:"secret_created_at"`
}

func (e *Endpoint) snapshot() snapshot {
	return snapshot{e.ID, e.EndpointFields, e.Reason, e.Secrets[0].CreatedAt}
}

// Hears reports whether the endpoint is to be told of the event.
func (e *Endpoint) Hears(ev *audit.Event, t *Type) bool {
	if e.State != Enabled || ev.At.Before(e.Since) {
		return false
	}
	if e.OrganizationID != "" && (e.OrganizationID != ev.Object.OrganizationID || !t.Organization) {
		return false
	}
	return e.Types == nil || t.Name == TestType || e.Names(t.Name)
}

// Queue says where a delivery stands.
type Queue int

// The places in the queue.
const (
	Done   Queue = iota // delivered or parked
	Fresh               // not tried yet
	Failed              // tried, and will be again
)

// Outcome says what became of a delivery.
type Outcome string

// The outcomes.
const (
	Waiting   Outcome = "waiting"
	Delivered Outcome = "delivered"
	Parked    Outcome = "parked" // not delivered, and not tried again by itself
)

// Delivery is one event for one endpoint.
type Delivery struct {
	keys.Stamp
	ID         string          `json:"id"` // of endpoint and event
	EndpointID string          `json:"endpoint_id"`
	EventID    string          `json:"event_id"`
	Type       string          `json:"type"`
	About      string          `json:"about"` // type and id of the object, within which order is kept
	At         time.Time       `json:"at"`    // of the event
	Payload    json.RawMessage `json:"payload"`
	Queue      Queue           `json:"queue"`
	Outcome    Outcome         `json:"outcome"`
	Tries      int             `json:"tries"`
	FirstAt    time.Time       `json:"first_at,omitzero"` // of the first try
	NextAt     time.Time       `json:"next_at,omitzero"`
	Attempts   []Attempt       `json:"attempts,omitempty"` // the last ones, oldest first
}

// Attempt is one try to deliver.
type Attempt struct {
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took"`
	URL    string        `json:"url"`
	Status int           `json:"status,omitempty"` // 0: there was no answer
	Fault  Fault         `json:"fault,omitempty"`  // "" if it was delivered
	Kind   string        `json:"kind,omitempty"`   // media type of the answer
	Answer string        `json:"answer,omitempty"` // its start
}

// Fault says why an attempt failed.
type Fault string

// Health is what is known of an endpoint's target. It is apart from the endpoint, whose
// revision is people's.
type Health struct {
	keys.Stamp
	ID           string    `json:"id"` // of the endpoint
	FailingSince time.Time `json:"failing_since,omitzero"`
	ToldAt       time.Time `json:"told_at,omitzero"` // when people were last told of parked deliveries
	Asked        int       `json:"asked,omitempty"`  // how often people asked to send something again
}

// Position is how far the audit log was read.
type Position struct {
	keys.Stamp
	ID      string    `json:"id"`
	Through time.Time `json:"through"` // everything before is queued
}

// DeliveryID returns the id of the delivery of an event to an endpoint.
func DeliveryID(endpointID, eventID string) string { return endpointID + "." + eventID }

// within returns the bounds, both exclusive, of the ids of an endpoint's deliveries.
func within(endpointID string) (after, before string) { return endpointID + ".", endpointID + "/" }
