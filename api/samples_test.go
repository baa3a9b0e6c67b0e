package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// sample is a good request to an operation about the objects of a tenant. An
// operation with a body needs one here to be walked.
type sample struct {
	query string
	body  func(x tenant, n int64) map[string]any // n makes names unique
	kind  string                                 // the media type of the body, JSON if ""
	text  string                                 // the body, where it is no object
}

const mergePatch = "application/merge-patch+json"

func fixed(body map[string]any) func(tenant, int64) map[string]any {
	return func(tenant, int64) map[string]any { return body }
}

func patch(body map[string]any) sample { return sample{kind: mergePatch, body: fixed(body)} }

var rule = map[string]any{"requests": 10, "per": "1s", "burst": 20}

// samples are by operationId. An operation that is not here takes no body.
func samples() map[string]sample {
	return map[string]sample{
		"verifyAsked": {body: func(x tenant, _ int64) map[string]any {
			return map[string]any{"key": x.secret, "scopes": []string{}, "cost": 1, "ip": "203.0.113.9", "dry_run": false}
		}},
		"listServiceAccounts": {query: "organization_id={organization}"},
		"listClients":         {query: "organization_id={organization}"},
		"listKeys":            {query: "organization_id={organization}"},
		"listAuditEvents":     {query: "organization_id={organization}"},
		"listWebhooks":        {query: "organization_id={organization}"},
		"createWebhook": {body: func(x tenant, _ int64) map[string]any {
			return map[string]any{
				"organization_id": x.organization, "url": "https://hooks.example.com/", "event_types": []string{"key.*"}, "description": "d",
				"state": "enabled",
			}
		}},
		"changeWebhook":       patch(map[string]any{"description": "Chat", "event_types": []string{"key.*"}}),
		"rotateWebhookSecret": {body: fixed(map[string]any{"overlap": "1h"})},
		"resendWebhookRange":  {body: fixed(map[string]any{"from": "2026-01-31T12:00:00Z", "all": false})},
		"getUsage":            {query: "organization_id={organization}"},
		"createOrganization":  {body: fixed(map[string]any{"name": "Acme", "disabled": false, "metadata": map[string]any{"a": 1}})},
		"replaceOrganization": {body: fixed(map[string]any{"name": "Acme 2", "metadata": map[string]any{}})},
		"changeOrganization":  patch(map[string]any{"name": "Acme 2", "metadata": map[string]any{}}),
		"addMember": {body: func(x tenant, _ int64) map[string]any {
			return map[string]any{"user_id": "{newcomer}", "role": "viewer"}
		}},
		"replaceMember": {body: fixed(map[string]any{"role": "developer"})},
		"changeMember":  patch(map[string]any{"role": "developer"}),
		"createServiceAccount": {body: func(x tenant, _ int64) map[string]any {
			return map[string]any{
				"organization_id": x.organization, "name": "Sync", "description": "", "scopes": []string{},
				"allowed_networks": []string{"203.0.113.0/24"}, "external_id": "", "metadata": map[string]any{}, "disabled": false,
			}
		}},
		"replaceServiceAccount": {body: fixed(map[string]any{"name": "Sync 2", "allowed_networks": []string{"2001:db8::/32"}})},
		"changeServiceAccount":  patch(map[string]any{"name": "Sync 2", "allowed_networks": []string{"2001:db8::/32"}}),
		"createKey": {body: func(x tenant, _ int64) map[string]any {
			return map[string]any{
				"service_account_id": x.account, "name": "CI", "environment": "test", "scopes": []string{}, "rate_limit": rule,
				"metadata": map[string]any{},
			}
		}},
		"replaceKey": {body: fixed(map[string]any{"name": "CI 2", "scopes": []string{}, "rate_limit": rule})},
		"changeKey":  patch(map[string]any{"name": "CI 2", "rate_limit": rule}),
		"rotateKey":  {body: fixed(map[string]any{"grace": "1h"})},
		"revokeKey":  {body: fixed(map[string]any{"reason": "leaked", "note": "seen in a log"})},
		"createIncident": {body: func(x tenant, _ int64) map[string]any {
			return map[string]any{
				"action": "disable", "reason": "leaked", "note": "a paste", "organization_id": x.organization, "service_account_id": x.account,
				"tier": "free", "scope": "invoices:read",
				"created_before": "2026-01-31T12:00:00Z", "last_used_before": "2026-01-31T12:00:00Z", "neglect": "no_expiry", "dry_run": true,
			}
		}},
		"createImport":           {query: "dry_run=true", kind: "application/jsonl", text: `{"id":"1","key":"` + foreignKey + `"}` + "\n"},
		"transferServiceAccount": {body: fixed(map[string]any{"organization_id": "{elsewhere}", "dry_run": false})},
		"setOverride": {
			body: fixed(map[string]any{
				"key_rate_limit": rule, "rate_limit": rule, "quota": map[string]any{"requests": 1000, "per": "day"},
				"until": "{soon}", "note": "a launch",
			}),
		},
		"findKeys":    {body: func(x tenant, _ int64) map[string]any { return map[string]any{"find": x.secret} }},
		"previewTier": patch(map[string]any{"rate_limit": rule}),
		"renameScope": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"name": fmt.Sprintf("renamed%d:run", n), "keep": "1h"}
		}},
		"createTier": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{
				"name": fmt.Sprintf("gold%d", n), "title": "Gold", "rate_limit": rule, "account_rate_limit": rule,
				"quota": map[string]any{"requests": 1000, "per": "day"}, "max_keys": 5, "max_key_age": "720h",
			}
		}},
		"replaceTier": {body: fixed(map[string]any{"title": "Silver", "rate_limit": rule})},
		"changeTier": patch(map[string]any{
			"title": "Silver", "account_rate_limit": rule, "quota": map[string]any{"requests": 1000, "per": "month"},
		}),
		"createScope": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"name": fmt.Sprintf("jobs%d:run", n), "description": "Run"}
		}},
		"replaceScope": {body: fixed(map[string]any{"description": "Run jobs"})},
		"changeScope":  patch(map[string]any{"description": "Run jobs"}),
		"createUser": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"email": fmt.Sprintf("new%d@example.com", n), "name": "New", "is_admin": false, "disabled": false}
		}},
		"obtainToken":     {body: fixed(map[string]any{"email": "{email}", "password": "{password}"})},
		"refreshToken":    {body: fixed(map[string]any{"refresh": "{refresh}"})},
		"verifyToken":     {body: fixed(map[string]any{"token": "{access}"})},
		"blacklistToken":  {body: fixed(map[string]any{"refresh": "{refresh}"})},
		"signIn":          {body: fixed(map[string]any{"email": "{email}", "password": "{password}"})},
		"createToken":     {body: fixed(map[string]any{"name": "CI", "expires_at": nil})},
		"oauthToken":      {kind: formType, body: fixed(map[string]any{"grant_type": "client_credentials", "client_id": "{client}"})},
		"oauthIntrospect": {kind: formType, body: fixed(map[string]any{"client_id": "{client}", "token": "{token}"})},
		"oauthRevoke":     {kind: formType, body: fixed(map[string]any{"client_id": "{client}", "token": "{token}"})},
		"addCertificate": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"name": "gateway", "fingerprint": fmt.Sprintf("%064x", n+1_000_000)}
		}},
		"replaceUser": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"email": fmt.Sprintf("renamed%d@example.com", n), "name": "Renamed"}
		}},
		"changeUser": patch(map[string]any{"name": "Renamed", "is_admin": false}),
	}
}

// peopleSamples are those of what people do with themselves and each other.
func peopleSamples() map[string]sample {
	return map[string]sample{
		"replaceMe":        {body: fixed(map[string]any{"name": "Renamed", "email": "{mine}"})},
		"changeMe":         patch(map[string]any{"name": "Renamed"}),
		"enableOTP":        {body: fixed(map[string]any{"code": "{code}"})},
		"confirmSession":   {body: fixed(map[string]any{"password": password})},
		"disableOTP":       {body: fixed(map[string]any{"password": password})},
		"changePassword":   {body: fixed(map[string]any{"password": otherPassword})},
		"resetPassword":    {body: fixed(map[string]any{"token": "{reset}", "password": otherPassword})},
		"confirmEmail":     {body: fixed(map[string]any{"token": "{confirm}"})},
		"forgotPassword":   {body: fixed(map[string]any{"email": "{email}"})},
		"acceptInvitation": {body: fixed(map[string]any{"token": "{invitation}"})},
		"signUp": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"email": fmt.Sprintf("signup%d@example.com", n), "name": "New", "password": password}
		}},
		"invite": {body: func(_ tenant, n int64) map[string]any {
			return map[string]any{"email": fmt.Sprintf("invite%d@example.com", n), "role": "viewer"}
		}},
	}
}

// good returns the sample request of the operation about the tenant, which a
// permitted caller sees accepted.
func (s *suite) good(t *testing.T, o *operation, x tenant, as credential) call {
	t.Helper()
	if c, ok := s.reports(t, o, x); ok {
		return c
	}
	about, found := samples()[o.OperationID]
	if !found {
		about = peopleSamples()[o.OperationID]
	}
	if o.RequestBody != nil && about.body == nil && about.text == "" {
		t.Fatalf("%s takes a body: add a good one to samples()", o)
	}
	if s.staff.ID != "" {
		s.own(t, o, &x)
	}
	c := call{method: o.method, path: path(t, o, x), as: as, kind: about.kind}
	if about.query != "" {
		c.path += "?" + strings.ReplaceAll(about.query, "{organization}", x.organization)
	}
	if about.text != "" {
		c.body = about.text
	}
	if about.body != nil {
		body := maps.Clone(about.body(x, s.count.Add(1)))
		s.fill(t, x, body)
		if body["email"] == "{mine}" {
			var me client.Me
			_ = json.Unmarshal(s.raw(t, call{method: "GET", path: "/api/me", as: as}).Body.Bytes(), &me) // nothing of who has no credential
			body["email"] = me.Email
		}
		c.body = body
	}
	return c
}

// path fills in the ids of the tenant's objects.
func path(t *testing.T, o *operation, x tenant) string {
	t.Helper()
	objects := map[string]string{
		"/api/organizations/{id}": x.organization, "/api/service-accounts/{id}": x.account, "/api/keys/{id}": x.key,
		"/certificates/{certificate_id}": x.certificate, "/api/tokens/{id}": x.token, "/api/sessions/{id}": x.session,
		"/api/incidents/{id}": x.incident, "/api/imports/{id}": x.imported,
		"/api/webhooks/{id}": x.webhook, "/deliveries/{event_id}": x.event,
		"/api/tiers/{name}": x.tier, "/api/scopes/{name}": x.scope, "/api/users/{id}": x.member,
		"/members/{user_id}":           x.member,
		"/invitations/{invitation_id}": x.invitation, "/api/me/identities/{id}": x.identity,
	}
	filled := o.path
	for _, template := range slices.Backward(slices.Sorted(maps.Keys(objects))) {
		fixedPart := template[:strings.IndexByte(template, '{')]
		filled = strings.Replace(filled, template, fixedPart+objects[template], 1)
	}
	if strings.ContainsRune(filled, '{') {
		t.Fatalf("%s: say in path() which object of a tenant it is about", o)
	}
	return filled
}
