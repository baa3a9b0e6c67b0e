package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/seal"
	plaintext "github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/mail"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
	"github.com/latchkey/latchkey/retention"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

func settings() []setting {
	return []setting{
		{name: "ADDR", standard: ":8080", meaning: "address and port to listen on", set: setAddr},
		{name: "ADMIN_ADDR", standard: "", meaning: "address and port for operators alone, such as 127.0.0.1:9090: /metrics and /debug/pprof/, without a credential; if empty, /metrics is on LATCHKEY_ADDR for the provider's staff and service accounts with latchkey:metrics:read, and there are no profiles", set: setAdminAddr},
		{name: "DATABASE_URL", standard: "", meaning: "sqlite:PATH, mongodb://HOST/NAME or mongodb+srv://HOST/NAME; the SQLite file latchkey.db in LATCHKEY_DATA_DIR if empty", secret: true, set: setDatabaseURL},
		{name: "ADMIN_EMAIL", standard: "admin@localhost", meaning: "the first admin, made when there is no user", set: setAdminEmail},
		{name: "ADMIN_PASSWORD", standard: "", meaning: "the first admin's password; random and printed once if empty", secret: true, set: text(func(c *config) *string { return &c.adminPassword })},
		{name: "AUTHENTICATORS", standard: "session,api_key,jwt,token,basic", meaning: "who may act by which scheme, asked in this order: " + strings.Join(authenticatorNames(), ", "), set: setAuthenticators},
		{name: "VERIFY_OPEN", standard: "false", meaning: "POST /verify asks for no credential: only for a closed network", set: truth(func(c *config) *bool { return &c.verifyOpen })},
		{name: "TRUSTED_PROXIES", standard: "", meaning: "networks whose forwarded header is believed, such as 10.0.0.0/8,::1/128", set: setTrustedProxies},
		{name: "FORWARDED_HEADER", standard: "x-forwarded-for", meaning: "the header that these proxies set: x-forwarded-for or forwarded", set: setForwardedHeader},
		{name: "BRAND", standard: keys.DefaultBrand, meaning: "what keys start with; changing it makes every issued key malformed", set: setBrand},
		{name: "CACHE_SIZE", standard: strconv.Itoa(verify.DefaultCacheSize), meaning: "how many keys are held in memory", set: setCacheSize},
		{name: "MAX_STALE", standard: "5m", meaning: "how long cached keys verify while the store is gone: after the last time that it told of changes", set: duration(time.Second, 24*time.Hour, func(c *config) *time.Duration { return &c.maxStale })},
		{name: "NODE_NAME", standard: "", meaning: "what this process is called in the list of nodes; the host's name if empty", set: setNodeName},
		{name: "DRAIN", standard: "5s", meaning: "how long a process that was told to stop still answers: the first half with /readyz not ready, the second with Connection: close; 0s for not at all", set: duration(0, 10*time.Minute, func(c *config) *time.Duration { return &c.drain })},
		{name: "MAX_CONNECTIONS", standard: "", meaning: "how many clients may be connected at once; one more is answered 503, or closed under TLS; what the limit of open files leaves when the store has its share, if empty", set: setMaxConnections},
		{name: "GUESS_LIMIT", standard: "60/1m", meaning: "distinct unknown keys that one client address may try, or off; of POST /verify, one asker for one address", set: rule(func(c *config) *ratelimit.Rule { return &c.guessLimit })},
		{name: "SIGN_IN_LIMIT", standard: "10/1m", meaning: "wrong passwords that one client address may try per account, ten times as many in all, or off", set: rule(func(c *config) *ratelimit.Rule { return &c.signInLimit })},
		{name: "REDIS_URL", standard: "", meaning: "Redis or Valkey in which all nodes count limits and quotas together: redis://HOST:6379/0, rediss:// for TLS (with ?ca_file=FILE for a private authority), redis+cluster://HOST:6379,HOST:6379 or redis+sentinel://HOST:26379/0?master_name=NAME; each node counts by itself if empty", secret: true, set: setRedisURL},
		{name: "REDIS_TIMEOUT", standard: "50ms", meaning: "how long a verification waits for Redis; then LATCHKEY_LIMIT_FALLBACK holds until it answers again", set: duration(time.Millisecond, 10*time.Second, func(c *config) *time.Duration { return &c.redisTimeout })},
		{name: "LIMIT_FALLBACK", standard: fallbackLocal, meaning: "while Redis does not answer: local (each node counts by itself) or deny (nothing that has a limit passes)", set: oneOf(func(c *config) *string { return &c.limitFallback }, fallbackLocal, fallbackDeny)},
		{name: "LIMIT_MODE", standard: modeExact, meaning: "exact (every verification asks Redis) or leased (nodes take shares of limits ahead of need)", set: oneOf(func(c *config) *string { return &c.limitMode }, modeExact, modeLeased)},
		{name: "URL", standard: "", meaning: "where the outside reaches the service, such as https://keys.example.com; http://localhost and the port if empty", set: setURL},
		{name: "SECRET", standard: "", meaning: "what signing keys and one-time codes are sealed under, at least 32 characters, the same on every node; made in the data folder if empty", secret: true, set: setSecret(func(c *config) *string { return &c.secret })},
		{name: "SECRET_PREVIOUS", standard: "", meaning: "the secret until now, while latchkey secret rotate seals everything under LATCHKEY_SECRET", secret: true, set: setSecret(func(c *config) *string { return &c.previousSecret })},
		{name: "DATA_DIR", standard: "", meaning: "folder of the SQLite file, unless LATCHKEY_DATABASE_URL is set, and of what is no database; that of the SQLite file, or latchkey-data, if empty", set: text(func(c *config) *string { return &c.dataDir })},
		{name: "JWT_ALGORITHM", standard: string(signing.ES256), meaning: "how tokens are signed: ES256 or RS256", set: setAlgorithm},
		{name: "JWT_ACCESS_LIFE", standard: "30m", meaning: "how long a user's access token lives", set: duration(time.Minute, 24*time.Hour, func(c *config) *time.Duration { return &c.accessLife })},
		{name: "JWT_REFRESH_LIFE", standard: "168h", meaning: "how long a user's refresh token lives; each use makes a new one", set: duration(time.Minute, 90*24*time.Hour, func(c *config) *time.Duration { return &c.refreshLife })},
		{name: "SIGNING_KEY_LIFE", standard: "2160h", meaning: "how long a key signs tokens before the next one does", set: duration(time.Hour, 10*365*24*time.Hour, func(c *config) *time.Duration { return &c.signingKeyLife })},
		{name: "OAUTH_TOKEN_LIFE", standard: "15m", meaning: "how long an access token of a service account lives", set: duration(time.Minute, oauth.MaxLife, func(c *config) *time.Duration { return &c.oauthLife })},
		{name: "OAUTH_AUDIENCE", standard: "", meaning: "who these tokens are for (aud); LATCHKEY_URL if empty", set: text(func(c *config) *string { return &c.oauthAudience })},
		{name: "THROTTLE_ANONYMOUS", standard: "120/1m", meaning: "requests to the management API that one client address may make without a credential, or with a wrong one, or off", set: rule(func(c *config) *ratelimit.Rule { return &c.throttles.Anonymous })},
		{name: "THROTTLE_USER", standard: "600/1m", meaning: "the same for each user, or off", set: rule(func(c *config) *ratelimit.Rule { return &c.throttles.User })},
		{name: "THROTTLE_ADMIN", standard: "6000/1m", meaning: "the same for each of the provider's staff, or off", set: rule(func(c *config) *ratelimit.Rule { return &c.throttles.Admin })},
		{name: "THROTTLE_SERVICE_ACCOUNT", standard: "600/1m", meaning: "the same for each service account, or off; tiers can have their own: 600/1m,free=60/1m,enterprise=off", set: setAccountThrottles},
		{name: "TLS_CERT", standard: "", meaning: "file of the certificate to serve TLS with (PEM); read again when it changes", set: text(func(c *config) *string { return &c.tlsCert })},
		{name: "TLS_KEY", standard: "", meaning: "file of its private key (PEM)", set: text(func(c *config) *string { return &c.tlsKey })},
		{name: "TLS_CLIENT_CA", standard: "", meaning: "file of the authorities that sign client certificates (PEM), for mtls", set: text(func(c *config) *string { return &c.clientCA })},
		{name: "TLS_CLIENT_CRL", standard: "", meaning: "file of their revocation list (PEM or DER)", set: text(func(c *config) *string { return &c.clientCRL })},
		{name: "CLIENT_CERT_HEADER", standard: "", meaning: "how trusted proxies pass client certificates on: client-cert (RFC 9440), nginx or envoy", set: setClientCertHeader},
		{name: "REMOTE_USER_HEADER", standard: "Remote-User", meaning: "header in which trusted proxies name the user whom they have authenticated, for remote_user", set: setHeader(func(c *config) *string { return &c.remoteUser.Header })},
		{name: "REMOTE_USER_EMAIL_HEADER", standard: "Remote-Email", meaning: "header with the e-mail address of a user that is made", set: setHeader(func(c *config) *string { return &c.remoteUser.EmailHeader })},
		{name: "REMOTE_USER_NAME_HEADER", standard: "Remote-Name", meaning: "header with the full name of a user that is made", set: setHeader(func(c *config) *string { return &c.remoteUser.NameHeader })},
		{name: "REMOTE_USER_GROUPS_HEADER", standard: "Remote-Groups", meaning: "header with the user's groups, separated by commas", set: setHeader(func(c *config) *string { return &c.remoteUser.GroupsHeader })},
		{name: "REMOTE_USER_CREATE", standard: "false", meaning: "make users that the proxy knows and Latchkey does not", set: truth(func(c *config) *bool { return &c.remoteUser.Create })},
		{name: "REMOTE_USER_GROUPS", standard: "", meaning: "what groups give: staff=admin,acme=ORGANIZATION_ID:developer", set: setRemoteGroups},
		{name: "SMTP_URL", standard: "", meaning: "mail server, smtp://USER:PASSWORD@HOST:587 or smtps://…:465; mails are written to mail/ in the data folder if empty, and nobody is reminded of keys that expire soon", secret: true, set: setSMTP}, //nolint:gosec // G101: the shape of an address, no password
		{name: "MAIL_FROM", standard: "Latchkey <latchkey@localhost>", meaning: "who mails come from", set: setMailFrom},
		{name: "SIGNUP", standard: string(auth.SignupInvite), meaning: "who may become a user by himself: open (everybody), invite (who was invited to an organization) or closed", set: setSignup},
		{name: "USAGE_MINUTES", standard: "48h", meaning: "how long usage is kept by the minute", set: duration(usage.LeastMinutes, 366*24*time.Hour, func(c *config) *time.Duration { return &c.usageKept.Minutes })},
		{name: "USAGE_HOURS", standard: "2160h", meaning: "how long usage is kept by the hour", set: duration(usage.LeastHours, 10*366*24*time.Hour, func(c *config) *time.Duration { return &c.usageKept.Hours })},
		{name: "USAGE_DAYS", standard: "17520h", meaning: "how long usage is kept by the day", set: duration(usage.LeastHours, 100*366*24*time.Hour, func(c *config) *time.Duration { return &c.usageKept.Days })},
		{name: "KEEP_KEYS", standard: "8760h", meaning: "how long keys are kept after they were revoked or have expired, where their tier says nothing; or forever", set: kept(func(c *config) *time.Duration { return &c.keep.Keys })},
		{name: "KEEP_INCIDENTS", standard: "8760h", meaning: "how long incidents are kept after they were finished; or forever", set: kept(func(c *config) *time.Duration { return &c.keep.Incidents })},
		{name: "KEEP_AUDIT", standard: forever, meaning: "how long audit events are kept; or forever", set: kept(func(c *config) *time.Duration { return &c.keep.Events })},
		{name: "ARCHIVE_DIR", standard: "", meaning: "folder that all of these are written to before they are removed, as JSON lines; archive in the data folder if empty", set: text(func(c *config) *string { return &c.archiveDir })},
		{name: "LOG", standard: "info", meaning: "debug, info, warn or error", set: setLogLevel},
		{name: "LOG_FORMAT", standard: "json", meaning: "json, or text for people", set: setLogFormat},
	}
}

// authenticatorNames lists every authenticator that is built in.
func authenticatorNames() []string {
	return []string{"session", "api_key", "jwt", "token", "basic", "remote_user", "mtls"}
}

func setAuthenticators(c *config, v string) error {
	known := authenticatorNames()
	for _, a := range c.extra {
		known = append(known, a.Name)
	}
	c.authenticators = nil
	for name := range strings.SplitSeq(v, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) {
			return fmt.Errorf("%q is not one of %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(c.authenticators, name) {
			return fmt.Errorf("%s is named twice", name)
		}
		c.authenticators = append(c.authenticators, name)
	}
	return nil
}

func truth(into func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) (err error) {
		if *into(c), err = strconv.ParseBool(v); err != nil {
			return errors.New("must be true or false")
		}
		return nil
	}
}

func oneOf(into func(*config) *string, values ...string) func(*config, string) error {
	return func(c *config, v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("must be %s", strings.Join(values, " or "))
		}
		*into(c) = v
		return nil
	}
}

func setRedisURL(c *config, v string) error {
	c.redisURL = v
	if v == "" {
		return nil
	}
	return redislimit.CheckURL(v)
}

func setAddr(c *config, v string) error {
	c.addr = v
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		return errors.New("must be HOST:PORT or :PORT")
	}
	return nil
}

func setAdminAddr(c *config, v string) error {
	c.adminAddr = v
	if _, port, err := net.SplitHostPort(v); v != "" && (err != nil || port == "") {
		return errors.New("must be HOST:PORT or :PORT")
	}
	return nil
}

func setDatabaseURL(c *config, v string) error {
	c.databaseURL = v
	if v == "" {
		return nil // complete names the file
	}
	return store.CheckURL(v)
}

// setAdminEmail takes an address only, also where there are users already and it
// is not used: a mistake shows at once, not at the next first start.
func setAdminEmail(c *config, v string) error {
	c.adminEmail = v
	if _, ok := plaintext.Address(v); !ok {
		return errors.New("must be an e-mail address such as ada@example.com")
	}
	return nil
}

func setMailFrom(c *config, v string) error {
	c.mailFrom = v
	if _, err := netmail.ParseAddress(v); err != nil {
		return errors.New("must be an address such as Latchkey <latchkey@example.com>")
	}
	return nil
}

const maxNodeName = 100

func setNodeName(c *config, v string) error {
	c.nodeName = v
	if len(v) > maxNodeName || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("must have at most %d printable characters", maxNodeName)
	}
	return nil
}

func setBrand(c *config, v string) error {
	c.brand = v
	_, err := keys.NewFormat(v)
	return err
}

func setTrustedProxies(c *config, v string) error {
	c.trustedProxies = nil
	for text := range strings.SplitSeq(v, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if a, err := netip.ParseAddr(text); err == nil {
			c.trustedProxies = append(c.trustedProxies, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Masked() != p {
			return fmt.Errorf("%q is not a network such as 10.0.0.0/8", text)
		}
		c.trustedProxies = append(c.trustedProxies, p)
	}
	return nil
}

func setForwardedHeader(c *config, v string) error {
	c.forwardedHeader = proxies.Header(strings.ToLower(v))
	_, err := proxies.New(nil, c.forwardedHeader)
	return err
}

func setCacheSize(c *config, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1000 || n > 100_000_000 {
		return errors.New("must be a whole number between 1000 and 100000000")
	}
	c.cacheSize = n
	return nil
}

func setLogLevel(c *config, v string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, v) {
		return errors.New("must be debug, info, warn or error")
	}
	return c.logLevel.UnmarshalText([]byte(v))
}

func setLogFormat(c *config, v string) error {
	c.logFormat = v
	if v != "json" && v != "text" {
		return errors.New("must be json or text")
	}
	return nil
}

func duration(least, most time.Duration, into func(*config) *time.Duration) func(*config, string) error {
	return func(c *config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < least || d > most {
			return fmt.Errorf("must be a duration between %s and %s", client.Duration(least), client.Duration(most))
		}
		*into(c) = d
		return nil
	}
}

// forever is a time for which things are kept.
const forever = "forever"

func kept(into func(*config) *time.Duration) func(*config, string) error {
	return func(c *config, v string) error {
		if v == forever {
			*into(c) = 0
			return nil
		}
		if err := duration(retention.Least, retention.Most, into)(c, v); err != nil {
			return fmt.Errorf("%w, or %s", err, forever)
		}
		return nil
	}
}

func setURL(c *config, v string) error {
	u, err := url.Parse(v)
	if v != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Trim(u.Path, "/") != "") {
		return errors.New("must be such as https://keys.example.com, without a path")
	}
	c.url = strings.TrimSuffix(v, "/")
	return nil
}

func setSecret(into func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if v != "" && len(v) < seal.MinSecret {
			return fmt.Errorf("must have at least %d characters; make one with: openssl rand -hex 32", seal.MinSecret)
		}
		*into(c) = v
		return nil
	}
}

func setAlgorithm(c *config, v string) error {
	c.signingAlgorithm = signing.Algorithm(v)
	if c.signingAlgorithm != signing.ES256 && c.signingAlgorithm != signing.RS256 {
		return errors.New("must be ES256 or RS256")
	}
	return nil
}

func setAccountThrottles(c *config, v string) error {
	general, rest, _ := strings.Cut(v, ",")
	if err := rule(func(c *config) *ratelimit.Rule { return &c.throttles.ServiceAccount })(c, general); err != nil {
		return err
	}
	c.throttles.Tiers = map[string]ratelimit.Rule{}
	if rest == "" {
		return nil
	}
	for pair := range strings.SplitSeq(rest, ",") {
		tier, text, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("%q is not TIER=RULE", pair)
		}
		var r ratelimit.Rule
		if err := rule(func(*config) *ratelimit.Rule { return &r })(c, text); err != nil {
			return fmt.Errorf("%s: %w", tier, err)
		}
		c.throttles.Tiers[strings.TrimSpace(tier)] = r
	}
	return nil
}

func setClientCertHeader(c *config, v string) error {
	c.clientCertHeader = mtls.Header(v)
	if v != "" && !c.clientCertHeader.Valid() {
		return errors.New("must be client-cert, nginx or envoy")
	}
	return nil
}

var headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)

func setHeader(into func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if !headerName.MatchString(v) {
			return errors.New("must be the name of a header")
		}
		*into(c) = http.CanonicalHeaderKey(v)
		return nil
	}
}

func setRemoteGroups(c *config, v string) error {
	c.remoteUser.Groups = map[string]auth.GroupRole{}
	for pair := range strings.SplitSeq(v, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		group, gives, ok := strings.Cut(pair, "=")
		organization, role, member := strings.Cut(gives, ":")
		g := auth.GroupRole{Admin: gives == "admin"}
		if member {
			g.OrganizationID, g.Role = organization, auth.Role(role)
		}
		if !ok || group == "" || (!g.Admin && (!ids.Valid(ids.Organization, organization) || !g.Role.Valid())) {
			return fmt.Errorf("%q is not GROUP=admin or GROUP=ORGANIZATION_ID:ROLE", pair)
		}
		c.remoteUser.Groups[group] = g
	}
	return nil
}

func setSignup(c *config, v string) error {
	c.signup = auth.SignupPolicy(v)
	if !c.signup.Valid() {
		return errors.New("must be open, invite or closed")
	}
	return nil
}

func setSMTP(c *config, v string) error {
	c.smtpURL = v
	if v == "" {
		return nil
	}
	_, err := mail.NewSMTP(v, "latchkey@localhost")
	return err
}
