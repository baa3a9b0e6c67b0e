package keys

import (
	"slices"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
)

// Action is something that an actor may be allowed to do in an organization. Each
// action is also a scope under the resource "latchkey", so one rule compares roles
// of people and scopes of service accounts.
type Action string

// The actions.
const (
	ReadOrganization  Action = "latchkey:organizations:read"
	WriteOrganization Action = "latchkey:organizations:write"
	ReadMembers       Action = "latchkey:members:read"
	WriteMembers      Action = "latchkey:members:write"
	ReadAccounts      Action = "latchkey:service-accounts:read"
	WriteAccounts     Action = "latchkey:service-accounts:write"
	ReadKeys          Action = "latchkey:keys:read"
	WriteKeys         Action = "latchkey:keys:write"
	ReadAudit         Action = "latchkey:audit-events:read"
	ReadUsage         Action = "latchkey:usage:read"
	ReadWebhooks      Action = "latchkey:webhooks:read"
	WriteWebhooks     Action = "latchkey:webhooks:write"
	VerifyKeys        Action = "latchkey:verify"
	// VerifyAllKeys crosses the wall between tenants, for the provider's own
	// gateways. Only an admin grants it, and no wildcard contains it.
	VerifyAllKeys Action = "latchkey:verify-all"
	// ReadMetrics covers the whole service, and is granted like VerifyAllKeys.
	ReadMetrics Action = "latchkey:metrics:read"
	// EdgeKeys lets an edge read what it needs to verify keys of its own
	// organization, and EdgeAllKeys any key. Both are granted like VerifyAllKeys.
	EdgeKeys    Action = "latchkey:edge"
	EdgeAllKeys Action = "latchkey:edge-all"
)

// Actor is the party on whose behalf a call is made: what it may see and do, and
// how much of that it may grant to others.
type Actor interface {
	// Subject names the actor for the audit log.
	Subject() audit.Subject
	// IsAdmin reports whether the actor is the provider's own staff.
	IsAdmin() bool
	// May reports whether the actor may do the action in the organization.
	May(action Action, organizationID string) bool
	// Organizations returns the organizations where the actor may do the action; nil
	// means everywhere.
	Organizations(action Action) []string
	// MayGrant reports whether the actor has the scope in the organization, and so
	// may grant it. scope may be a wildcard.
	MayGrant(scope, organizationID string) bool
	// Bounds returns how far the actor's own credential reaches; zero for people.
	Bounds() Bounds
}

// allow permits the actor to do write in the organization. If they may not even do
// read there, the object does not exist for them.
func allow(a Actor, read, write Action, organizationID, missing string) error {
	if a.May(write, organizationID) {
		return nil
	}
	if !a.May(read, organizationID) {
		return notFound(missing)
	}
	return &errs.Error{Kind: errs.Forbidden, Text: errs.Say("action_needed", "action", string(write)), Scope: string(write)}
}

func notFound(text string) error { return errs.New(errs.NotFound, text) }

// StaffOnly returns errs.Forbidden unless the actor is the provider's staff.
func StaffOnly(a Actor) error {
	if a.IsAdmin() {
		return nil
	}
	return errs.New(errs.Forbidden, "staff_only")
}

// visible narrows the requested organizations to those the actor may see. An
// unknown or foreign one simply has no objects.
func visible(a Actor, read Action, asked string) []string {
	own := a.Organizations(read)
	switch {
	case asked == "":
		return own
	case own == nil || slices.Contains(own, asked):
		return []string{asked}
	default:
		return []string{}
	}
}
