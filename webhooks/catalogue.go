package webhooks

import (
	"slices"
	"strings"
	"sync"
)

// Type is a type of event. Organization types are for the endpoints of the organization
// that the event is about, and of the provider; the others for the provider's alone.
type Type struct {
	Name         string
	Action       string // in the audit log
	Organization bool
}

// TestType is the type of test events, which every endpoint hears.
const TestType = "webhook.test"

// catalogue lists the types. In openapi.yaml each has an entry under webhooks.
var catalogue = []Type{
	{"key.created", "key.create", true},
	{"key.updated", "key.update", true},
	{"key.rotated", "key.rotate", true},
	{"key.revoked", "key.revoke", true},
	{"key.deleted", "key.delete", true},
	{"key.expiring", "key.expiring", true},
	{"key.leaked", "key.leaked", true},
	{"key.exposed", "key.exposed", true},
	{"key.transferred", "key.transfer", true},
	{"key.limits_reset", "key.reset_limits", true},
	{"service_account.created", "service_account.create", true},
	{"service_account.updated", "service_account.update", true},
	{"service_account.deleted", "service_account.delete", true},
	{"service_account.transferred", "service_account.transfer", true},
	{"service_account.limits_reset", "service_account.reset_limits", true},
	{"service_account.overridden", "service_account.override", true},
	{"service_account.override_ended", "service_account.override_end", true},
	{"certificate.created", "certificate.create", true},
	{"certificate.deleted", "certificate.delete", true},
	{"member.created", "member.create", true},
	{"member.updated", "member.update", true},
	{"member.deleted", "member.delete", true},
	{"invitation.created", "invitation.create", true},
	{"invitation.deleted", "invitation.delete", true},
	{"organization.created", "organization.create", true},
	{"organization.updated", "organization.update", true},
	{"organization.deleted", "organization.delete", true},
	{"webhook.created", "webhook.create", true},
	{"webhook.updated", "webhook.update", true},
	{"webhook.disabled", "webhook.disable", true},
	{"webhook.secret_rotated", "webhook.rotate_secret", true},
	{"webhook.deleted", "webhook.delete", true},
	{"incident.planned", "incident.create", false},
	{"incident.started", "incident.start", false},
	{"incident.continued", "incident.continue", false},
	{"incident.finished", "incident.finish", false},
	{"incident.undo_started", "incident.undo", false},
	{"incident.undone", "incident.undone", false},
	{"import.finished", "import.run", false},
	{"export.written", "export.write", false},
	{"tier.created", "tier.create", false},
	{"tier.updated", "tier.update", false},
	{"tier.deleted", "tier.delete", false},
	{"scope.created", "scope.create", false},
	{"scope.updated", "scope.update", false},
	{"scope.renamed", "scope.rename", false},
	{"scope.retired", "scope.retire", false},
	{"scope.restored", "scope.restore", false},
	{"scope.deleted", "scope.delete", false},
	{"user.created", "user.create", false},
	{"user.updated", "user.update", false},
	{"user.deleted", "user.delete", false},
	{"signing_key.rotated", "signing_key.rotate", false},
}

// Types lists the types of events that an endpoint of an organization, or of the provider,
// can choose.
func Types(organization bool) []Type {
	all := slices.Clone(catalogue)
	if organization {
		all = slices.DeleteFunc(all, func(t Type) bool { return !t.Organization })
	}
	return all
}

var byAction = sync.OnceValue(func() map[string]*Type {
	all := map[string]*Type{}
	for i := range catalogue {
		all[catalogue[i].Action] = &catalogue[i]
	}
	return all
})

// TypeOf returns the type of events with the action in the audit log, nil if it has none.
func TypeOf(action string) *Type { return byAction()[action] }

// family is the wildcard for all types that begin with the same word.
const family = ".*"

// known reports whether the name is a type, or a family such as key.*.
func known(name string, organization bool) bool {
	start, isFamily := strings.CutSuffix(name, family)
	return slices.ContainsFunc(catalogue, func(t Type) bool {
		if organization && !t.Organization {
			return false
		}
		return t.Name == name || isFamily && strings.HasPrefix(t.Name, start+".")
	})
}

// Names reports whether the fields name the type, by itself or by its family.
func (f *EndpointFields) Names(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	return slices.Contains(f.Types, name) || slices.Contains(f.Types, first+family)
}
