package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
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
)

// authenticatorNames lists the built-in authenticators.
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

func onOff(into func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) error {
		if v != "on" && v != "off" {
			return errors.New("must be on or off")
		}
		*into(c) = v == "on"
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

// setOtherAddr reads an address that is served only if it is set.
func setOtherAddr(at func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		*at(c) = v
		if _, port, err := net.SplitHostPort(v); v != "" && (err != nil || port == "") {
			return errors.New("must be HOST:PORT or :PORT")
		}
		return nil
	}
}

func setDatabaseURL(c *config, v string) error {
	c.databaseURL = v
	if v == "" {
		return nil // complete sets the default file
	}
	return store.CheckURL(v)
}

// setAdminEmail accepts only a valid address, even if users exist and it is not
// used: a mistake shows at once, not at the next first start.
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

func setTrustedProxies(c *config, v string) (err error) {
	c.trustedProxies, err = networks(v)
	return err
}

// networks reads networks and addresses, separated by commas.
func networks(v string) (all []netip.Prefix, err error) {
	for text := range strings.SplitSeq(v, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if a, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Masked() != p {
			return nil, fmt.Errorf("%q is not a network such as 10.0.0.0/8", text)
		}
		all = append(all, p)
	}
	return all, nil
}

// mostKeyHeaders bounds what each request is searched for.
const mostKeyHeaders = 8

// notForKeys are headers that have a meaning of their own.
var notForKeys = []string{
	"Authorization", "Cookie", "Host", "Content-Type", "Content-Length", "Accept", "Origin", "User-Agent", "Forwarded", "X-Forwarded-For",
	"X-Api-Key", "X-Request-Id", "Idempotency-Key", "Traceparent",
}

func setKeyHeaders(c *config, v string) error {
	c.keyHeaders = nil
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return fmt.Errorf("%q is not the name of a header", name)
		case slices.Contains(notForKeys, canonical) || strings.HasPrefix(canonical, "X-Latchkey-"):
			return fmt.Errorf("%s has another meaning, or is always searched", canonical)
		}
		c.keyHeaders = append(c.keyHeaders, canonical)
	}
	if len(c.keyHeaders) > mostKeyHeaders {
		return fmt.Errorf("at most %d headers", mostKeyHeaders)
	}
	return nil
}

func setForwardedHeader(c *config, v string) error {
	c.forwardedHeader = proxies.Header(strings.ToLower(v))
	_, err := proxies.New(nil, c.forwardedHeader)
	return err
}

func setOriginal(c *config, v string) error {
	c.original = proxies.Family(strings.ToLower(v))
	if !slices.Contains(proxies.Families(), c.original) {
		return errors.New("must be x-forwarded, x-original or path")
	}
	return nil
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

// forever is the value of a retention time without end.
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
	if v != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil || strings.Trim(u.Path, "/") != "") {
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
