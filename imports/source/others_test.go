package source

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// Columns: florimondmanca/djangorestframework-api-key src/rest_framework_api_key/models.py
// (AbstractAPIKey), migrations/0001_initial.py and 0004_prefix_hashed_key.py (versions
// before 1.4 have the digest in the primary key only), crypto.py (Sha512ApiKeyHasher and
// Django's hashers, both over the whole "prefix.secret"); test_project/heroes/models.py (a
// subclass). encode/django-rest-framework rest_framework/authtoken/models.py (Token).
// docs.djangoproject.com/en/5.2/topics/serialization/ (dumpdata, natural keys).
func TestDjangoDump(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "django", disk("django.json"))
	wantProblems(t, problems)
	wantRows(t, rows,
		shape{
			Place: "django.json#4", ID: "AbCdEfGh", Name: "CI", Prefix: "AbCdEfGh.", Start: "AbCdEfGh", Created: "2024-03-01T08:30:00.123Z",
			Expires: "2034-03-01T00:00:00Z", Key: "sha512/64",
		},
		shape{
			Place: "django.json#5", ID: "OldOldOl", Name: "from 1.2", Prefix: "OldOldOl.", Start: "OldOldOl", Created: "2019-05-01T00:00:00Z",
			Key: "pbkdf2_sha256/32", State: "revoked",
		},
		shape{
			Place: "django.json#6", ID: "HeroHero", Owner: "hero:3 Batman", Name: "cape", Prefix: "HeroHero.", Start: "HeroHero",
			Created: "2024-03-01T08:30:00Z", Key: "pbkdf2_sha256/32", Metadata: `{"team_size":4}`,
		},
		shape{
			Place: "django.json#7", Owner: "user:7 ada", Created: "2024-03-02T00:00:00Z", Key: "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b",
		},
		shape{
			Place: "django.json#8", Owner: "user:bob bob", Created: "2024-03-02T00:00:00Z", Key: "0044b09199c62bcf9418ad846dd0e4bbdfc6ee4b",
			State: "disabled",
		},
	)
}

// The same tables as psql's \copy ... csv header writes them.
func TestDjangoTables(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "django", disk("django_apikey.csv"), disk("django_token.csv"), disk("django_user.csv"))
	wantProblems(t, problems)
	wantRows(t, rows,
		shape{
			Place: "django_apikey.csv:2", ID: "PgPgPgPg", Name: "from psql", Prefix: "PgPgPgPg.", Start: "PgPgPgPg",
			Created: "2024-03-01T08:30:00.123Z",
			Key:     "sha512/64",
		},
		shape{
			Place: "django_token.csv:2", Owner: "user:9 eve", Created: "2024-03-01T08:30:00Z", Key: "1144b09199c62bcf9418ad846dd0e4bbdfc6ee4b",
			State: "disabled",
		},
	)
}

// A user with the same number is not the owner of a key of something else.
func TestDjangoOwnersOfDifferentModels(t *testing.T) {
	t.Parallel()
	sum := `"sha512$$` + strings.Repeat("ab", 64) + `"`
	rows, problems := read(t, "django", memory("f", `[
		{"model":"accounts.member","pk":3,"fields":{"password":"x","email":"m@example.com","is_active":false}},
		{"model":"org.organization","pk":3,"fields":{"name":"Acme"}},
		{"model":"org.key","pk":"a.b","fields":{"prefix":"aaaaaaaa","hashed_key":`+sum+`,"organization":3,"scopes":["orders:read"]}},
		{"model":"org.key","pk":"b.b","fields":{"prefix":"bbbbbbbb","hashed_key":`+sum+`,"member":3}},
		{"model":"org.key","pk":"c.b","fields":{"prefix":"cccccccc","hashed_key":"md5$salt$d41d8cd98f00b204e9800998ecf8427e"}}]`))
	wantProblems(t, problems, "f#5 cccccccc hashed_key: digests by md5 cannot be taken")
	wantRows(t, rows,
		shape{
			Place: "f#3", ID: "aaaaaaaa", Owner: "organization:3 Acme", Prefix: "aaaaaaaa.", Start: "aaaaaaaa", Scopes: "orders:read",
			Key: "sha512/64",
		},
		shape{
			Place: "f#4", ID: "bbbbbbbb", Owner: "member:3 m@example.com", Prefix: "bbbbbbbb.", Start: "bbbbbbbb", Key: "sha512/64",
			State: "disabled",
		},
	)
}

// Columns: unkeyed/unkey pkg/mysql/schema/{keys,identities,permissions,roles,
// keys_permissions,keys_roles,roles_permissions,ratelimits}.sql; pkg/hash/sha256.go
// (base64 of SHA-256); key_migrations.sql and internal/services/keys/get_migrated.go
// (pending_migration_id); svc/ctrl/internal/db/queries/key_list_for_refill.sql (refill_day:
// without it daily). svc/api/openapi/spec/common/KeyResponseData.yaml for the API.
func TestUnkey(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "unkey", disk("unkey.json"), disk("unkey_keys.csv"), disk("unkey.jsonl"))
	wantProblems(t, problems, "unkey.json#3 key_3 was deleted at the source at 2024-03-09", "unkey.json#4 key_4 was moved to Unkey")
	wantRows(t, rows,
		shape{
			Place: "unkey.json#1", ID: "key_1", Owner: "customer-1", Name: "One", Start: "sk_live_o", Prefix: "sk_live_", Env: "live",
			Scopes: "documents.read role:editor documents.write", Created: "2023-11-14T22:13:20Z", Expires: "2034-01-01T00:00:00Z",
			Limit: "1000/1h burst 1000", Quota: "1000/month", Metadata: `{"plan":"pro"}`, Notes: "import_limit_left", Key: "sha256/32",
		},
		shape{
			Place: "unkey.json#2", ID: "key_2",
			Start: "sk_live_t", Prefix: "sk_live_", Created: "2023-11-14T22:13:20Z", Notes: "import_credits_without_refill",
			Key: "sha256/32", State: "disabled",
		},
		shape{
			Place: "unkey_keys.csv:2", ID: "key_5",
			Owner: "customer-1", Name: "Five, with a comma", Start: "sk_5", Prefix: "sk_", Env: "test",
			Created: "2023-11-14T22:13:20Z", Expires: "2034-01-01T00:00:00Z", Limit: "1000/1h burst 1000", Quota: "24/day", Metadata: `{"a":1}`,
			Key: "sha256/32",
		},
		shape{
			Place: "unkey.jsonl:1", ID: "key_9",
			Owner: "customer-1", Name: "From the API", Start: "sk_9", Prefix: "sk_", Scopes: "documents.read role:viewer",
			Created: "2023-11-14T22:13:20Z", Limit: "5/1s burst 5", Quota: "50/day", Metadata: `{"a":1}`, Key: "sk_9_secretsecret",
		},
	)
}

// Columns: better-auth/better-auth packages/api-key/src/schema.ts (configId, referenceId)
// and, before 1.5, packages/better-auth/src/plugins/api-key/schema.ts (userId);
// packages/api-key/src/index.ts (defaultKeyHasher: base64url of SHA-256 without padding)
// and routes/create-api-key.ts (start, disableKeyHashing). Rows are as SQLite has them
// (flags 0 and 1, times as text or milliseconds) and as PostgreSQL does.
func TestBetterAuth(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "better-auth", disk("betterauth.json"), disk("betterauth.csv"))
	wantProblems(t, problems, "betterauth.json#5 k4 key: digests by sha1")
	first := shape{
		Place: "betterauth.json#2", ID: "k1", Owner: "u1 ada@example.com", Name: "CI", Prefix: "acme_", Start: "acme_A",
		Scopes:  "files:read files:write",
		Created: "2025-01-01T00:00:00Z", Expires: "2034-01-01T00:00:00Z", Limit: "10/1m burst 10", Quota: "100/day", Metadata: `{"a":1}`,
		Key: "sha256/32",
	}
	inClear := first
	inClear.Place, inClear.ID, inClear.Key = "betterauth.json#4", "k3", "acme_ABCDEFclear"
	wantRows(t, rows, first,
		shape{
			Place: "betterauth.json#3", ID: "k2", Owner: "u1 ada@example.com", Created: "2025-01-01T00:00:00Z", Expires: "2034-01-01T00:00:00Z",
			Notes: "import_credits_without_refill", Key: "sha256/32", State: "disabled",
		},
		inClear,
		shape{
			Place: "betterauth.csv:2", ID: "k9", Owner: "org1", Name: "PG", Start: "xyz", Scopes: "files:read", Created: "2025-01-01T00:00:00Z",
			Limit: "5/1s burst 5", Metadata: `{"a":1}`, Key: "sha256/32",
		},
	)
}

// Members: Kong/deck tests/integration/testdata/dump/001-entities-with-tags/kong.yaml and
// kong2tf/testdata/consumer-*-input.yaml; Kong/kong kong/plugins/key-auth/daos.lua,
// kong/plugins/acl/daos.lua, kong/plugins/rate-limiting/schema.lua,
// kong/plugins/ip-restriction/schema.lua, kong/db/schema/entities/consumers.lua.
func TestKongByDecK(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "kong", disk("kong.yaml"))
	wantProblems(t, problems, "kong.yaml:39 key: this refers to a key that is elsewhere")
	harry := shape{
		Place: "kong.yaml:7", Owner: "customer-1 harry", Name: "harry", Scopes: "group:foo-group", Limit: "100/1m burst 100", Quota: "1000/day",
		Networks: "192.0.2.0/24 2001:db8::1/128", Metadata: `{"tags":["internal"]}`, Notes: "import_limit_left import_plugin_left",
		Key: "iwb6Djkk4HhUlOCmLilDIKh6nZrn90ts",
	}
	digits := harry
	digits.Metadata, digits.Key = "", "0012345678901234"
	wantRows(t, rows, harry, digits)
}

// Lists as Kong's Admin API gives them: GET /key-auths, /consumers, /acls and /plugins.
func TestKongByItsAPI(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "kong", disk("kong_acls.json"), disk("kong_keyauths.json"), disk("kong_consumers.json"),
		disk("kong_plugins.json"))
	wantProblems(t, problems)
	wantRows(t, rows, shape{
		Place: "kong_keyauths.json:1", ID: "ka1", Owner: "ada ada", Name: "ada", Scopes: "group:gold", Created: "2023-11-14T22:13:20Z",
		Limit: "60/1m burst 60", Metadata: `{"tags":["t"]}`, Notes: "import_ttl", Key: "flat-key-0123456789",
	})
	if rows[0].ExpiresIn != time.Hour {
		t.Errorf("expires in %v", rows[0].ExpiresIn)
	}
}

// Columns: docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html;
// docs.aws.amazon.com/cli/latest/reference/apigateway/{get-api-keys,get-usage-plans,
// get-usage-plan-keys}.html; docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html
// (DAY, WEEK, MONTH) and API_ThrottleSettings.html.
func TestAWS(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "aws", disk("aws.csv"), disk("aws_keys.json"), disk("aws_plans.json"), disk("aws_glvrsr.json"))
	wantProblems(t, problems, "aws_keys.json#2 novalue has no value")
	wantRows(t, rows,
		shape{
			Place: "aws.csv:2", Name: "MyFirstApiKey", Tier: "Gold", Limit: "5/1s burst 10", Quota: "500/month",
			Metadata: `{"description":"An imported key"}`,
			Notes:    "import_plan_left", Key: "apikey1234abcdefghij0123456789",
		},
		shape{Place: "aws.csv:3", Name: "=cmd|'/c calc'!A0", Key: "apikey1234abcdefghij0123456780", State: "disabled"},
		shape{
			Place: "aws_keys.json#1", ID: "h0y13gq9fa", Owner: "cust-1", Name: "Acme", Tier: "Weekly", Created: "2024-03-01T08:30:00Z",
			Limit: "30/1m burst 1", Metadata: `{"description":"first","stageKeys":["a1b2c3d4e5/dev"]}`, Notes: "import_quota_left",
			Key: "0123456789abcdefghijABCDEFGHIJ0123456789",
		},
	)
}

// Members: TykTechnologies/tyk user/session.go (SessionState), internal/crypto/hash.go and
// token.go (murmur unless configured otherwise); tyk.io/docs/api-reference/keys/
// list-all-the-keys-info (key_id, key_hash, data).
func TestTyk(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "tyk", disk("tyk.json"), disk("tyk_redis.json"))
	wantProblems(t, problems, "tyk.json#3 key_hash: digests by murmur", "tyk.json#4 a session without key_id or key_hash")
	hashed := shape{
		Place: "tyk.json#1", Owner: "5e9d9544a1dcd60001d0ed20", Name: "portal-key",
		Scopes: "policy:5ead7120575961000181867e api:8ddd91f3cda9453442c477b06c4e2da4", Created: "2024-08-09T11:40:34.876Z",
		Expires: "2034-01-01T00:00:00Z", Limit: "1000/1m burst 1000", Quota: "10000/month",
		Metadata: `{"tyk_developer_id":"62b3fb9a1d5e4f00017226f5"}`, Key: "sha256/32",
	}
	inClear, redis := hashed, hashed
	inClear.Place, inClear.Expires, inClear.Quota = "tyk.json#2", "", ""
	inClear.Key = "5e9d9544a1dcd60001d0ed20e7f75f9e03534825b7aef9df749582e5"
	redis.Place = "tyk_redis.json:1"
	wantRows(t, rows, hashed, inClear, redis)
}

// Members: apache/apisix apisix/schema_def.lua (consumer, credential),
// apisix/plugins/{key-auth,limit-count,limit-req,ip-restriction}.lua, apisix/secret.lua
// ($secret://, $env://), docs/en/latest/admin-api.md (list, key, value).
func TestAPISIXByItsAPI(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "apisix", disk("apisix.json"))
	wantProblems(t, problems, "apisix.json#4 key: this refers to a key that is elsewhere")
	wantRows(t, rows,
		shape{
			Place: "apisix.json#1", Owner: "jack jack", Name: "jack", Scopes: "group:g1", Created: "2022-10-20T10:13:00Z", Limit: "2/1m burst 2",
			Metadata: `{"desc":"hello world","labels":{"team":"a"}}`, Key: "auth-one",
		},
		shape{
			Place: "apisix.json#2", ID: "auth-two", Owner: "jack jack", Scopes: "group:g1", Created: "2022-10-20T10:13:00Z", Limit: "2/1m burst 2",
			Key: "second-key",
		},
	)
}

// t/config-center-yaml/consumer.t of apache/apisix, and a consumer as api7/adc writes it.
func TestAPISIXByYAML(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "apisix", disk("apisix.yaml"))
	wantProblems(t, problems)
	wantRows(t, rows,
		shape{Place: "apisix.yaml:2", Owner: "jack jack", Name: "jack", Key: "user-key"},
		shape{Place: "apisix.yaml:6", ID: "primary", Owner: "tom tom", Name: "primary", Key: "tom-key"},
	)
}

// The answer of the Admin API of APISIX 2.
func TestAPISIXOfVersion2(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "apisix", memory("f", `{"action":"get","count":1,"node":{"key":"/apisix/consumers","dir":true,"nodes":[
		{"key":"/apisix/consumers/jack","value":{"username":"jack","plugins":{"key-auth":{"key":"auth-one"}}}}]}}`))
	wantProblems(t, problems)
	wantRows(t, rows, shape{Place: "f#1", Owner: "jack jack", Name: "jack", Key: "auth-one"})
}

// A list of plans in single quotes, which API Gateway takes as well.
func TestAWSSingleQuotes(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "aws", memory("f", "Enabled,Name,key,UsageplanIds\ntrue,A,apikey1234abcdefghij0123456789,'c7y23b,glvrsr'\n"))
	wantProblems(t, problems)
	wantRows(t, rows, shape{Place: "f:2", Name: "A", Tier: "c7y23b", Notes: "import_plan_left", Key: "apikey1234abcdefghij0123456789"})
}

// dumpdata --format jsonl --natural-foreign --natural-primary.
func TestDjangoLines(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "django", memory("f", strings.Join([]string{
		`{"model": "accounts.user", "fields": {"password": "!", "email": "ada@example.com", "is_active": true}}`,
		`{"model": "authtoken.token", "pk": "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b",` +
			` "fields": {"user": ["ada@example.com"], "created": "2024-03-02T00:00:00Z"}}`,
	}, "\n")))
	wantProblems(t, problems)
	wantRows(t, rows, shape{
		Place: "f:2", Owner: "user:ada@example.com ada@example.com", Created: "2024-03-02T00:00:00Z",
		Key: "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b",
	})
}

// TestTooMuchKeptEndsTheImport: keys without what they refer to would be wrong.
func TestTooMuchKeptEndsTheImport(t *testing.T) {
	t.Parallel()
	for format, content := range map[string]string{
		"django": `{"model":"auth.user","pk":1,"fields":{"username":"a","password":"x"}}`, "unkey": `{"id":"id_1","external_id":"a"}`,
		"kong": `{"username":"a","id":"1"}`, "aws": `{"id":"1","name":"a","throttle":{}}`,
		"better-auth": `{"id":"1","name":"a","email":"a@example.com"}`,
		"apisix":      `{"username":"a"}`,
	} {
		for _, f := range Formats() {
			if f.Name != format {
				continue
			}
			r := f.start()
			full(r)
			err := f.gather(t.Context(), r, []File{memory("f", content)}, func(Problem) error { return nil })
			if !errors.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "512 MiB") {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
}

// full makes a reader keep as much as it may.
func full(r reader) {
	switch r := r.(type) {
	case *djangoReader:
		r.kept.bytes = maxKept
	case *unkeyReader:
		r.kept.bytes = maxKept
	case *kongReader:
		r.kept.bytes = maxKept
	case *awsReader:
		r.kept.bytes = maxKept
	case *betterAuthReader:
		r.kept.bytes = maxKept
	case *apisixReader:
		r.kept.bytes = maxKept
	}
}

// TestRelatedRowsThatAreWrongAreProblems, since keys would lack a limit.
func TestRelatedRowsThatAreWrongAreProblems(t *testing.T) {
	t.Parallel()
	for format, content := range map[string]string{
		"unkey": `{"id":"rl","key_id":"k","limit":"many","duration":1000}`, "aws": `{"id":"p","throttle":{"rateLimit":"many"}}`,
		"django": `{"model":"auth.user","pk":1,"fields":{"username":"a","password":"x","is_active":"perhaps"}}`,
		"kong":   `{"username":"a","keyauth_credentials":[{"key":"abc"}],"plugins":[{"name":"rate-limiting","config":{"minute":"many"}}]}`,
		"apisix": `{"username":"a","plugins":{"key-auth":{"key":"abc"},"limit-req":{"rate":"many","burst":1,"key":"consumer_name"}}}`,
	} {
		rows, problems := read(t, format, memory("f", content))
		if len(rows) > 0 || len(problems) != 1 || !strings.Contains(problems[0], "must be") {
			t.Errorf("%s: %v, %q", format, rows, problems)
		}
	}
}

// TestUsedUpKeysStaySo: a key that its source accepts for no request does not come to life.
func TestUsedUpKeysStaySo(t *testing.T) {
	t.Parallel()
	for format, contents := range map[string][]string{
		"unkey": {
			`{"keyId":"k","start":"a","plaintext":"abc","credits":{"remaining":0}}`,
			`{"keyId":"k","start":"a","plaintext":"abc","ratelimits":[{"name":"r","limit":0,"duration":1000}]}`,
		},
		"better-auth": {
			`{"key":"abc","start":"a","userId":"u","remaining":0}`,
			`{"key":"abc","start":"a","userId":"u","rateLimitMax":0,"rateLimitTimeWindow":1000}`,
		},
		"aws": {
			`{"items":[{"id":"p","name":"P","throttle":{"rateLimit":0,"burstLimit":0}},{"id":"k","value":"abc","usagePlanIds":"p"}]}`,
			`{"items":[{"id":"p","name":"P","quota":{"limit":0,"period":"DAY"}},{"id":"k","value":"abc","usagePlanIds":"p"}]}`,
		},
	} {
		for _, content := range contents {
			rows, problems := read(t, format, memory("f", content))
			if len(problems) > 0 || len(rows) != 1 || !rows[0].Disabled || len(rows[0].Notes) != 1 {
				t.Errorf("%s: %s: %v, %q", format, content, rows, problems)
			}
		}
	}
}

// A file of several documents, with comments and separators, and an empty member.
func TestKongDocuments(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "kong", memory("f", `# made by hand
---
_format_version: "3.0"
consumers:
  # the first
  - username: a
    keyauth_credentials:
      - key: abc
---
consumers:
- keyauth_credentials: [{key: abd}]
  username: b

- username: c
  keyauth_credentials:
  - key: >-
      abe
services:
plugins: []
...
consumers: [{username: d, keyauth_credentials: [{key: abf}]}]
`))
	wantProblems(t, problems)
	var keys []string
	for _, r := range rows {
		keys = append(keys, r.Owner.ID+"="+r.Secret.Reveal())
	}
	if got := strings.Join(keys, " "); got != "a=abc b=abd c=abe d=abf" {
		t.Errorf("keys %s", got)
	}
}
