package verifyjson_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/strictjson"
	"github.com/latchkey/latchkey/internal/verifyjson"
)

func FuzzParseAgreesWithTheThoroughDecoder(f *testing.F) {
	f.Add([]byte(`{"key":"lk_live_x","scopes":["a:b","c:d"],"cost":3,"ip":"::1","user_agent":"curl/8","dry_run":true}`))
	f.Add([]byte(` { "key" : "" , "scopes" : [ ] } `))
	f.Add([]byte(`{"key":"a","key":"b"}`))
	f.Add([]byte(`{"cost":01}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var fast, thorough client.VerifyRequest
		if !verifyjson.Parse(string(body), &fast) {
			return
		}
		if err := strictjson.Decode(body, &thorough); err != nil {
			t.Fatalf("%q is taken by the fast parser only: %v", body, err)
		}
		if diff := cmp.Diff(thorough, fast); diff != "" {
			t.Errorf("%q (-thorough +fast):\n%s", body, diff)
		}
	})
}

func FuzzDecisionIsValidJSON(f *testing.F) {
	f.Add("CI", "a:b", int64(1500), `{"a":1}`)
	f.Add("\"\\\n\x00é", "", int64(0), "")
	f.Fuzz(func(t *testing.T, name, scope string, ms int64, metadata string) {
		name, _ = clean(name)
		scope, _ = clean(scope)
		if !json.Valid([]byte(metadata)) {
			metadata = ""
		}
		ms = max(0, ms%1e9)
		want := client.VerifyResponse{
			Valid: true, Code: "VALID", Detail: name, KeyID: "key_1", Name: name, Environment: "live",
			ServiceAccount: &client.VerifiedAccount{ID: "sa_1", Name: name, ExternalID: scope}, OrganizationID: "org_1", Tier: "free",
			Scopes: []string{scope}, ExpiresAt: time.UnixMilli(ms).UTC(), MissingScopes: []string{name},
			RateLimit: &client.LimitState{Limit: ms, Remaining: 1, ResetAfter: client.Duration(time.Duration(ms) * time.Millisecond), Scope: scope},
			Quota:     &client.QuotaState{Limit: 2, Remaining: 1, ResetsAt: time.UnixMilli(ms).UTC()},
			Steps:     []client.VerifyStep{{Check: name, Outcome: "passed", Code: "VALID"}},
		}
		if metadata != "" {
			want.Metadata, want.ServiceAccount.Metadata = client.Metadata(metadata), client.Metadata(metadata)
		}
		text := verifyjson.Append(nil, &want)
		var got client.VerifyResponse
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if metadata == "" {
			want.Metadata, want.ServiceAccount.Metadata = client.Metadata("{}"), client.Metadata("{}")
		} else {
			got.Metadata, got.ServiceAccount.Metadata = want.Metadata, want.ServiceAccount.Metadata // white space around it is not kept
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// clean is s as it can be in valid JSON.
func clean(s string) (out string, err error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return out, json.Unmarshal(b, &out)
}

// BenchmarkEncode is the answer to a valid key of usual size.
func BenchmarkEncode(b *testing.B) {
	v := client.VerifyResponse{
		Valid: true, Code: "VALID", KeyID: "key_01a20bfc26a07153866374d62b9aee99", Name: "CI", Environment: "live",
		ServiceAccount: &client.VerifiedAccount{ID: "sa_01a20bfc26a07153866374d62b9aee99", Name: "Acme sync", ExternalID: "4711"},
		OrganizationID: "org_01a20bfc26a07153866374d62b9aee99", Tier: "pro", Scopes: []string{"invoices:read", "invoices:write"},
		RateLimit: &client.LimitState{Limit: 100, Remaining: 99, ResetAfter: client.Duration(600 * time.Millisecond), Scope: client.ScopeCluster},
		Quota:     &client.QuotaState{Limit: 100_000, Remaining: 99_999, ResetsAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
	}
	buffer := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if buffer = verifyjson.Append(buffer[:0], &v); len(buffer) < 100 {
			b.Fatalf("%s", buffer)
		}
	}
}

// BenchmarkParse is a question of usual size.
func BenchmarkParse(b *testing.B) {
	body := []byte(`{"key":"lk_live_0123456789012345678901234567890123456789012abcdef","scopes":["invoices:read"],` +
		`"cost":1,"ip":"203.0.113.9"}`)
	b.ReportAllocs()
	for b.Loop() {
		var r client.VerifyRequest
		if !verifyjson.Parse(string(body), &r) {
			b.Fatal("not parsed")
		}
	}
}
