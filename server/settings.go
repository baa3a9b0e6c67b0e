package server

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// settings returns all variables in the order of --help.
func settings() []setting {
	return slices.Concat(
		servingSettings(),
		nodeSettings(),
		limitSettings(),
		tokenSettings(),
		throttleSettings(),
		leakSettings(),
		webhookSettings(),
		tlsSettings(),
		remoteUserSettings(),
		mailSettings(),
		retentionSettings(),
		logSettings(),
	)
}

// servingSettings configure where the service listens, and for which clients.
func servingSettings() []setting {
	return []setting{
		{
			name:     "ADDR",
			standard: ":8080",
			meaning:  "address and port to listen on",
			set:      setAddr,
		},
		{
			name: "ADMIN_ADDR",
			meaning: "address and port for operators only, such as 127.0.0.1:9090: /metrics and /debug/pprof/, without a " +
				"credential; if empty, /metrics is on LATCHKEY_ADDR for the provider's staff and service accounts with " +
				"latchkey:metrics:read, and profiles are off",
			set: setOtherAddr(func(c *config) *string { return &c.adminAddr }),
		},
		{
			name: "GRPC_ADDR",
			meaning: "address and port for Envoy's ext_authz by gRPC (envoy.service.auth.v3) and gRPC health, such as :9001; over TLS if " +
				"LATCHKEY_TLS_CERT is set; asked by LATCHKEY_TRUSTED_PROXIES, and by client certificates of accounts that may verify " +
				"keys; off if empty",
			set: setOtherAddr(func(c *config) *string { return &c.grpcAddr }),
		},
		{
			name: "DATABASE_URL",
			meaning: "sqlite:PATH, mongodb://HOST/NAME or mongodb+srv://HOST/NAME; the SQLite file latchkey.db in " +
				"LATCHKEY_DATA_DIR if empty",
			secret: true,
			set:    setDatabaseURL,
		},
		{
			name:     "ADMIN_EMAIL",
			standard: "admin@localhost",
			meaning:  "e-mail address of the first admin, created when there are no users",
			set:      setAdminEmail,
		},
		{
			name:    "ADMIN_PASSWORD",
			meaning: "the first admin's password; random and printed once if empty",
			secret:  true,
			set:     text(func(c *config) *string { return &c.adminPassword }),
		},
		{
			name:     "AUTHENTICATORS",
			standard: "session,api_key,jwt,token,basic",
			meaning:  "accepted authentication schemes, in the order in which they are tried; any of " + strings.Join(authenticatorNames(), ", "),
			set:      setAuthenticators,
		},
		{
			name:     "VERIFY_OPEN",
			standard: "false",
			meaning:  "POST /verify needs no credential; for closed networks only",
			set:      truth(func(c *config) *bool { return &c.verifyOpen }),
		},
		{
			name:    "TRUSTED_PROXIES",
			meaning: "networks of the proxies whose forwarded headers are trusted, such as 10.0.0.0/8,::1/128",
			set:     setTrustedProxies,
		},
		{
			name: "KEY_HEADERS",
			meaning: "other headers in which clients send their keys, separated by commas, such as X-Auth-Token,Apikey. Imported keys " +
				"then work without any change at the clients",
			set: setKeyHeaders,
		},
		{
			name:     "FORWARDED_HEADER",
			standard: "x-forwarded-for",
			meaning:  "the header in which they pass the client's address: x-forwarded-for or forwarded",
			set:      setForwardedHeader,
		},
		{
			name:     "FORWARDED_REQUEST",
			standard: string(proxies.XForwarded),
			meaning: "how they tell which request carried a key, for the list of a key's refusals: x-forwarded (X-Forwarded-Method and " +
				"X-Forwarded-Uri), x-original (X-Original-Method, and X-Original-URL or X-Original-URI) or path (their own method, and the path " +
				"below /verify/); gRPC tells it by itself",
			set: setOriginal,
		},
	}
}

// nodeSettings configure one process and what it keeps in memory.
func nodeSettings() []setting {
	return []setting{
		{
			name:     "BRAND",
			standard: keys.DefaultBrand,
			meaning:  "what keys start with; changing it makes every issued key malformed",
			set:      setBrand,
		},
		{
			name:     "CACHE_SIZE",
			standard: strconv.Itoa(verify.DefaultCacheSize),
			meaning:  "how many keys are held in memory",
			set:      setCacheSize,
		},
		{
			name:     "MAX_STALE",
			standard: "5m",
			meaning:  "how long cached keys still verify when the store cannot be reached, counted from the last successful poll",
			set:      duration(time.Second, 24*time.Hour, func(c *config) *time.Duration { return &c.maxStale }),
		},
		{
			name:    "NODE_NAME",
			meaning: "name of this process in the list of nodes; the host name if empty",
			set:     setNodeName,
		},
		{
			name:     "DRAIN",
			standard: "5s",
			meaning: "how long a process keeps answering after SIGTERM: in the first half /readyz says not ready, in the " +
				"second answers say Connection: close; 0s to stop at once",
			set: duration(0, 10*time.Minute, func(c *config) *time.Duration { return &c.drain }),
		},
		{
			name: "MAX_CONNECTIONS",
			meaning: "how many clients may be connected at once; further ones get 503, or are closed under TLS; if empty, as " +
				"many as the limit on open files allows beside the store; with LATCHKEY_GRPC_ADDR, an eighth of them are for gRPC",
			set: setMaxConnections,
		},
		{
			name:     "FAST_LANE",
			standard: "on",
			meaning: "on: Latchkey reads plain HTTP/1.1 requests for /verify itself, which is faster; off: Go's net/http " +
				"reads them, as it does all others",
			set: onOff(func(c *config) *bool { return &c.fastLane }),
		},
	}
}

// limitSettings configure the limits of keys and of guesses, and where they are
// counted.
func limitSettings() []setting {
	return []setting{
		{
			name:     "GUESS_LIMIT",
			standard: "60/1m",
			meaning:  "how many distinct unknown keys one client address may try, or off; on POST /verify, per caller and address",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.guessLimit }),
		},
		{
			name:     "SIGN_IN_LIMIT",
			standard: "10/1m",
			meaning:  "how many wrong passwords one client address may try per account, and ten times as many in total, or off",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.signInLimit }),
		},
		{
			name: "REDIS_URL",
			meaning: "Redis or Valkey in which all nodes count limits and quotas together: redis://HOST:6379/0, rediss:// for " +
				"TLS (with ?ca_file=FILE for a private authority), redis+cluster://HOST:6379,HOST:6379 or " +
				"redis+sentinel://HOST:26379/0?master_name=NAME; if empty, each node counts alone",
			secret: true,
			set:    setRedisURL,
		},
		{
			name:     "REDIS_TIMEOUT",
			standard: "50ms",
			meaning:  "how long a verification waits for Redis; after that, LATCHKEY_LIMIT_FALLBACK applies until Redis answers again",
			set:      duration(time.Millisecond, 10*time.Second, func(c *config) *time.Duration { return &c.redisTimeout }),
		},
		{
			name:     "LIMIT_FALLBACK",
			standard: fallbackLocal,
			meaning:  "what happens while Redis does not answer: local (each node counts alone) or deny (keys with limits are refused)",
			set:      oneOf(func(c *config) *string { return &c.limitFallback }, fallbackLocal, fallbackDeny),
		},
		{
			name:     "LIMIT_MODE",
			standard: modeExact,
			meaning:  "exact (every verification asks Redis) or leased (nodes take shares of limits ahead of need)",
			set:      oneOf(func(c *config) *string { return &c.limitMode }, modeExact, modeLeased),
		},
	}
}

// tokenSettings configure issued tokens and the secret behind them.
func tokenSettings() []setting {
	return []setting{
		{
			name:    "URL",
			meaning: "public URL of the service, such as https://keys.example.com; http://localhost and the port if empty",
			set:     setURL,
		},
		{
			name: "SECRET",
			meaning: "encrypts signing keys and one-time code secrets; at least 32 characters, the same on every node; if empty, " +
				"one is created in the data folder",
			secret: true,
			set:    setSecret(func(c *config) *string { return &c.secret }),
		},
		{
			name:    "SECRET_PREVIOUS",
			meaning: "the previous secret, while latchkey secret rotate encrypts everything with LATCHKEY_SECRET",
			secret:  true,
			set:     setSecret(func(c *config) *string { return &c.previousSecret }),
		},
		{
			name: "DATA_DIR",
			meaning: "folder for files, and for the SQLite file unless LATCHKEY_DATABASE_URL is set; if empty, the folder of the " +
				"SQLite file, or latchkey-data",
			set: text(func(c *config) *string { return &c.dataDir }),
		},
		{
			name:     "JWT_ALGORITHM",
			standard: string(signing.ES256),
			meaning:  "how tokens are signed: ES256 or RS256",
			set:      setAlgorithm,
		},
		{
			name:     "JWT_ACCESS_LIFE",
			standard: "30m",
			meaning:  "lifetime of a user's access token",
			set:      duration(time.Minute, 24*time.Hour, func(c *config) *time.Duration { return &c.accessLife }),
		},
		{
			name:     "JWT_REFRESH_LIFE",
			standard: "168h",
			meaning:  "lifetime of a user's refresh token; each use issues a new one",
			set:      duration(time.Minute, 90*24*time.Hour, func(c *config) *time.Duration { return &c.refreshLife }),
		},
		{
			name:     "SIGNING_KEY_LIFE",
			standard: "2160h",
			meaning:  "how long a key signs tokens before the next one takes over",
			set:      duration(time.Hour, 10*365*24*time.Hour, func(c *config) *time.Duration { return &c.signingKeyLife }),
		},
		{
			name:     "OAUTH_TOKEN_LIFE",
			standard: "15m",
			meaning:  "lifetime of a service account's access token",
			set:      duration(time.Minute, oauth.MaxLife, func(c *config) *time.Duration { return &c.oauthLife }),
		},
		{
			name:    "OAUTH_AUDIENCE",
			meaning: "audience of these tokens (aud); LATCHKEY_URL if empty",
			set:     text(func(c *config) *string { return &c.oauthAudience }),
		},
	}
}

// throttleSettings configure how often the management API may be called.
func throttleSettings() []setting {
	return []setting{
		{
			name:     "THROTTLE_ANONYMOUS",
			standard: "120/1m",
			meaning:  "how many requests to the management API one client address may make without a valid credential, or off",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.throttles.Anonymous }),
		},
		{
			name:     "THROTTLE_USER",
			standard: "600/1m",
			meaning:  "the same for each user, or off",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.throttles.User }),
		},
		{
			name:     "THROTTLE_ADMIN",
			standard: "6000/1m",
			meaning:  "the same for each of the provider's staff, or off",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.throttles.Admin }),
		},
		{
			name:     "THROTTLE_SERVICE_ACCOUNT",
			standard: "600/1m",
			meaning:  "the same for each service account, or off; tiers can have their own: 600/1m,free=60/1m,enterprise=off",
			set:      setAccountThrottles,
		},
	}
}

// tlsSettings configure certificates of the service and its clients.
func tlsSettings() []setting {
	return []setting{
		{
			name:    "TLS_CERT",
			meaning: "file of the certificate to serve TLS with (PEM); read again when it changes",
			set:     text(func(c *config) *string { return &c.tlsCert }),
		},
		{
			name:    "TLS_KEY",
			meaning: "file of its private key (PEM)",
			set:     text(func(c *config) *string { return &c.tlsKey }),
		},
		{
			name:    "TLS_CLIENT_CA",
			meaning: "file of the authorities that sign client certificates (PEM), for mtls",
			set:     text(func(c *config) *string { return &c.clientCA }),
		},
		{
			name:    "TLS_CLIENT_CRL",
			meaning: "file of their revocation list (PEM or DER)",
			set:     text(func(c *config) *string { return &c.clientCRL }),
		},
		{
			name:    "CLIENT_CERT_HEADER",
			meaning: "how trusted proxies pass client certificates on: client-cert (RFC 9440), nginx or envoy",
			set:     setClientCertHeader,
		},
	}
}

// remoteUserSettings configure users that a proxy has authenticated.
func remoteUserSettings() []setting {
	return []setting{
		{
			name:     "REMOTE_USER_HEADER",
			standard: "Remote-User",
			meaning:  "header in which trusted proxies name the user they have authenticated, for remote_user",
			set:      setHeader(func(c *config) *string { return &c.remoteUser.Header }),
		},
		{
			name:     "REMOTE_USER_EMAIL_HEADER",
			standard: "Remote-Email",
			meaning:  "header with the e-mail address for a new user",
			set:      setHeader(func(c *config) *string { return &c.remoteUser.EmailHeader }),
		},
		{
			name:     "REMOTE_USER_NAME_HEADER",
			standard: "Remote-Name",
			meaning:  "header with the full name for a new user",
			set:      setHeader(func(c *config) *string { return &c.remoteUser.NameHeader }),
		},
		{
			name:     "REMOTE_USER_GROUPS_HEADER",
			standard: "Remote-Groups",
			meaning:  "header with the user's groups, separated by commas",
			set:      setHeader(func(c *config) *string { return &c.remoteUser.GroupsHeader }),
		},
		{
			name:     "REMOTE_USER_CREATE",
			standard: "false",
			meaning:  "create users that the proxy knows and Latchkey does not",
			set:      truth(func(c *config) *bool { return &c.remoteUser.Create }),
		},
		{
			name:    "REMOTE_USER_GROUPS",
			meaning: "what members of a group become: staff=admin,acme=ORGANIZATION_ID:developer",
			set:     setRemoteGroups,
		},
	}
}

// mailSettings configure mail and sign-up.
func mailSettings() []setting {
	return []setting{
		{
			name: "SMTP_URL",
			meaning: "mail server, smtp://USER:PASSWORD@HOST:587 or smtps://…:465; mails are written to mail/ in the data " +
				"folder if empty, and there are no reminders of keys that expire soon",
			secret: true,
			set:    setSMTP,
		},
		{
			name:     "MAIL_FROM",
			standard: "Latchkey <latchkey@localhost>",
			meaning:  "sender of mails",
			set:      setMailFrom,
		},
		{
			name:     "SIGNUP",
			standard: string(auth.SignupInvite),
			meaning:  "who may sign up: open (everybody), invite (people who were invited to an organization) or closed",
			set:      setSignup,
		},
	}
}

// retentionSettings configure how long data is kept.
func retentionSettings() []setting {
	return []setting{
		{
			name:     "USAGE_MINUTES",
			standard: "48h",
			meaning:  "how long usage is kept by the minute",
			set:      duration(usage.LeastMinutes, 366*24*time.Hour, func(c *config) *time.Duration { return &c.usageKept.Minutes }),
		},
		{
			name:     "USAGE_HOURS",
			standard: "2160h",
			meaning:  "how long usage is kept by the hour",
			set:      duration(usage.LeastHours, 10*366*24*time.Hour, func(c *config) *time.Duration { return &c.usageKept.Hours }),
		},
		{
			name:     "USAGE_DAYS",
			standard: "17520h",
			meaning:  "how long usage is kept by the day",
			set:      duration(usage.LeastHours, 100*366*24*time.Hour, func(c *config) *time.Duration { return &c.usageKept.Days }),
		},
		{
			name:     "KEEP_KEYS",
			standard: "8760h",
			meaning:  "how long keys are kept after they were revoked or have expired, where their tier says nothing; or forever",
			set:      kept(func(c *config) *time.Duration { return &c.keep.Keys }),
		},
		{
			name:     "KEEP_INCIDENTS",
			standard: "8760h",
			meaning:  "how long incidents are kept after they were finished; or forever",
			set:      kept(func(c *config) *time.Duration { return &c.keep.Incidents }),
		},
		{
			name:     "KEEP_AUDIT",
			standard: forever,
			meaning:  "how long audit events are kept; or forever",
			set:      kept(func(c *config) *time.Duration { return &c.keep.Events }),
		},
		{
			name: "ARCHIVE_DIR",
			meaning: "folder that all of these are written to before they are removed, as JSON lines; archive in the data " +
				"folder if empty",
			set: text(func(c *config) *string { return &c.archiveDir }),
		},
	}
}

// logSettings configure the log.
func logSettings() []setting {
	return []setting{
		{
			name:     "LOG",
			standard: "info",
			meaning: "debug, info, warn or error; one place in the code logs at most 100 warnings or errors at once and 10 a second, " +
				`and the next line says in "suppressed" how many were dropped`,
			set: setLogLevel,
		},
		{
			name:     "LOG_FORMAT",
			standard: "json",
			meaning:  "json, or text for people",
			set:      setLogFormat,
		},
	}
}
