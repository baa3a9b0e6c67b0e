package server

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// settings are all variables, in the order in which they are listed.
func settings() []setting {
	return slices.Concat(
		servingSettings(),
		nodeSettings(),
		limitSettings(),
		tokenSettings(),
		throttleSettings(),
		tlsSettings(),
		remoteUserSettings(),
		mailSettings(),
		retentionSettings(),
		logSettings(),
	)
}

// servingSettings are about where the service listens, and for which clients.
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
			meaning: "address and port for operators alone, such as 127.0.0.1:9090: /metrics and /debug/pprof/, without a " +
				"credential; if empty, /metrics is on LATCHKEY_ADDR for the provider's staff and service accounts with " +
				"latchkey:metrics:read, and there are no profiles",
			set: setAdminAddr,
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
			meaning:  "the first admin, made when there is no user",
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
			meaning:  "who may act by which scheme, asked in this order: " + strings.Join(authenticatorNames(), ", "),
			set:      setAuthenticators,
		},
		{
			name:     "VERIFY_OPEN",
			standard: "false",
			meaning:  "POST /verify asks for no credential: only for a closed network",
			set:      truth(func(c *config) *bool { return &c.verifyOpen }),
		},
		{
			name:    "TRUSTED_PROXIES",
			meaning: "networks whose forwarded header is believed, such as 10.0.0.0/8,::1/128",
			set:     setTrustedProxies,
		},
		{
			name:     "FORWARDED_HEADER",
			standard: "x-forwarded-for",
			meaning:  "the header that these proxies set: x-forwarded-for or forwarded",
			set:      setForwardedHeader,
		},
	}
}

// nodeSettings are about one process and what it holds in memory.
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
			meaning:  "how long cached keys verify while the store is gone: after the last time that it told of changes",
			set:      duration(time.Second, 24*time.Hour, func(c *config) *time.Duration { return &c.maxStale }),
		},
		{
			name:    "NODE_NAME",
			meaning: "what this process is called in the list of nodes; the host's name if empty",
			set:     setNodeName,
		},
		{
			name:     "DRAIN",
			standard: "5s",
			meaning: "how long a process that was told to stop still answers: the first half with /readyz not ready, the " +
				"second with Connection: close; 0s for not at all",
			set: duration(0, 10*time.Minute, func(c *config) *time.Duration { return &c.drain }),
		},
		{
			name: "MAX_CONNECTIONS",
			meaning: "how many clients may be connected at once; one more is answered 503, or closed under TLS; what the limit " +
				"of open files leaves when the store has its share, if empty",
			set: setMaxConnections,
		},
		{
			name:     "FAST_LANE",
			standard: "on",
			meaning: "on: plain HTTP/1.1 requests for /verify are read by Latchkey itself, which costs less time; " +
				"off: by Go's net/http, as all others are",
			set: onOff(func(c *config) *bool { return &c.fastLane }),
		},
	}
}

// limitSettings are about limits of keys and of guesses, and where they are counted.
func limitSettings() []setting {
	return []setting{
		{
			name:     "GUESS_LIMIT",
			standard: "60/1m",
			meaning:  "distinct unknown keys that one client address may try, or off; of POST /verify, one asker for one address",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.guessLimit }),
		},
		{
			name:     "SIGN_IN_LIMIT",
			standard: "10/1m",
			meaning:  "wrong passwords that one client address may try per account, ten times as many in all, or off",
			set:      rule(func(c *config) *ratelimit.Rule { return &c.signInLimit }),
		},
		{
			name: "REDIS_URL",
			meaning: "Redis or Valkey in which all nodes count limits and quotas together: redis://HOST:6379/0, rediss:// for " +
				"TLS (with ?ca_file=FILE for a private authority), redis+cluster://HOST:6379,HOST:6379 or " +
				"redis+sentinel://HOST:26379/0?master_name=NAME; each node counts by itself if empty",
			secret: true,
			set:    setRedisURL,
		},
		{
			name:     "REDIS_TIMEOUT",
			standard: "50ms",
			meaning:  "how long a verification waits for Redis; then LATCHKEY_LIMIT_FALLBACK holds until it answers again",
			set:      duration(time.Millisecond, 10*time.Second, func(c *config) *time.Duration { return &c.redisTimeout }),
		},
		{
			name:     "LIMIT_FALLBACK",
			standard: fallbackLocal,
			meaning:  "while Redis does not answer: local (each node counts by itself) or deny (nothing that has a limit passes)",
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

// tokenSettings are about the tokens that are issued and the secret behind them.
func tokenSettings() []setting {
	return []setting{
		{
			name: "URL",
			meaning: "where the outside reaches the service, such as https://keys.example.com; http://localhost and the port " +
				"if empty",
			set: setURL,
		},
		{
			name: "SECRET",
			meaning: "what signing keys and one-time codes are sealed under, at least 32 characters, the same on every node; " +
				"made in the data folder if empty",
			secret: true,
			set:    setSecret(func(c *config) *string { return &c.secret }),
		},
		{
			name:    "SECRET_PREVIOUS",
			meaning: "the secret until now, while latchkey secret rotate seals everything under LATCHKEY_SECRET",
			secret:  true,
			set:     setSecret(func(c *config) *string { return &c.previousSecret }),
		},
		{
			name: "DATA_DIR",
			meaning: "folder of the SQLite file, unless LATCHKEY_DATABASE_URL is set, and of what is no database; that of the " +
				"SQLite file, or latchkey-data, if empty",
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
			meaning:  "how long a user's access token lives",
			set:      duration(time.Minute, 24*time.Hour, func(c *config) *time.Duration { return &c.accessLife }),
		},
		{
			name:     "JWT_REFRESH_LIFE",
			standard: "168h",
			meaning:  "how long a user's refresh token lives; each use makes a new one",
			set:      duration(time.Minute, 90*24*time.Hour, func(c *config) *time.Duration { return &c.refreshLife }),
		},
		{
			name:     "SIGNING_KEY_LIFE",
			standard: "2160h",
			meaning:  "how long a key signs tokens before the next one does",
			set:      duration(time.Hour, 10*365*24*time.Hour, func(c *config) *time.Duration { return &c.signingKeyLife }),
		},
		{
			name:     "OAUTH_TOKEN_LIFE",
			standard: "15m",
			meaning:  "how long an access token of a service account lives",
			set:      duration(time.Minute, oauth.MaxLife, func(c *config) *time.Duration { return &c.oauthLife }),
		},
		{
			name:    "OAUTH_AUDIENCE",
			meaning: "who these tokens are for (aud); LATCHKEY_URL if empty",
			set:     text(func(c *config) *string { return &c.oauthAudience }),
		},
	}
}

// throttleSettings are say how often the management API may be called.
func throttleSettings() []setting {
	return []setting{
		{
			name:     "THROTTLE_ANONYMOUS",
			standard: "120/1m",
			meaning: "requests to the management API that one client address may make without a credential, or with a wrong " +
				"one, or off",
			set: rule(func(c *config) *ratelimit.Rule { return &c.throttles.Anonymous }),
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

// tlsSettings are about certificates, of the service and of its clients.
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

// remoteUserSettings are about users that a proxy has authenticated.
func remoteUserSettings() []setting {
	return []setting{
		{
			name:     "REMOTE_USER_HEADER",
			standard: "Remote-User",
			meaning:  "header in which trusted proxies name the user whom they have authenticated, for remote_user",
			set:      setHeader(func(c *config) *string { return &c.remoteUser.Header }),
		},
		{
			name:     "REMOTE_USER_EMAIL_HEADER",
			standard: "Remote-Email",
			meaning:  "header with the e-mail address of a user that is made",
			set:      setHeader(func(c *config) *string { return &c.remoteUser.EmailHeader }),
		},
		{
			name:     "REMOTE_USER_NAME_HEADER",
			standard: "Remote-Name",
			meaning:  "header with the full name of a user that is made",
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
			meaning:  "make users that the proxy knows and Latchkey does not",
			set:      truth(func(c *config) *bool { return &c.remoteUser.Create }),
		},
		{
			name:    "REMOTE_USER_GROUPS",
			meaning: "what groups give: staff=admin,acme=ORGANIZATION_ID:developer",
			set:     setRemoteGroups,
		},
	}
}

// mailSettings are about mail and sign-up.
func mailSettings() []setting {
	return []setting{
		{
			name: "SMTP_URL",
			meaning: "mail server, smtp://USER:PASSWORD@HOST:587 or smtps://…:465; mails are written to mail/ in the data " +
				"folder if empty, and nobody is reminded of keys that expire soon",
			secret: true,
			set:    setSMTP,
		},
		{
			name:     "MAIL_FROM",
			standard: "Latchkey <latchkey@localhost>",
			meaning:  "who mails come from",
			set:      setMailFrom,
		},
		{
			name:     "SIGNUP",
			standard: string(auth.SignupInvite),
			meaning:  "who may become a user by himself: open (everybody), invite (who was invited to an organization) or closed",
			set:      setSignup,
		},
	}
}

// retentionSettings are say how long things are kept.
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

// logSettings are about the log.
func logSettings() []setting {
	return []setting{
		{
			name:     "LOG",
			standard: "info",
			meaning:  "debug, info, warn or error",
			set:      setLogLevel,
		},
		{
			name:     "LOG_FORMAT",
			standard: "json",
			meaning:  "json, or text for people",
			set:      setLogFormat,
		},
	}
}
