package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// config is everything that the environment can set.
type config struct {
	addr            string
	databaseURL     string
	adminEmail      string
	adminPassword   string
	authenticators  []string
	verifyOpen      bool
	trustedProxies  []netip.Prefix
	forwardedHeader proxies.Header
	brand           string
	cacheSize       int
	maxStale        time.Duration
	guessLimit      ratelimit.Rule
	signInLimit     ratelimit.Rule
	logLevel        slog.Level
	logFormat       string
}

const variablePrefix = "LATCHKEY_"

// setting is one variable: its default, what it means, and where it goes.
type setting struct {
	name     string
	standard string
	meaning  string
	secret   bool // can be read from a file named by NAME_FILE
	set      func(*config, string) error
}

func text(into func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error { *into(c) = v; return nil }
}

func rule(into func(*config) *ratelimit.Rule) func(*config, string) error {
	return func(c *config, v string) error {
		if v == "off" {
			*into(c) = ratelimit.Rule{}
			return nil
		}
		r, err := ratelimit.ParseRule(v)
		*into(c) = r
		return err
	}
}

func settings() []setting {
	return []setting{
		{name: "ADDR", standard: ":8080", meaning: "address and port to listen on", set: text(func(c *config) *string { return &c.addr })},
		{name: "DATABASE_URL", standard: "sqlite:latchkey-data/latchkey.db", meaning: "sqlite:PATH, mongodb://HOST/NAME or mongodb+srv://HOST/NAME", secret: true, set: text(func(c *config) *string { return &c.databaseURL })},
		{name: "ADMIN_EMAIL", standard: "admin@localhost", meaning: "the first admin, made when there is no user", set: text(func(c *config) *string { return &c.adminEmail })},
		{name: "ADMIN_PASSWORD", standard: "", meaning: "the first admin's password; random and printed once if empty", secret: true, set: text(func(c *config) *string { return &c.adminPassword })},
		{name: "AUTHENTICATORS", standard: "session,api_key,basic", meaning: "who may act by which scheme, asked in this order", set: setAuthenticators},
		{name: "VERIFY_OPEN", standard: "false", meaning: "POST /verify asks for no credential: only for a closed network", set: setVerifyOpen},
		{name: "TRUSTED_PROXIES", standard: "", meaning: "networks whose forwarded header is believed, such as 10.0.0.0/8,::1/128", set: setTrustedProxies},
		{name: "FORWARDED_HEADER", standard: "x-forwarded-for", meaning: "the header that these proxies set: x-forwarded-for or forwarded", set: setForwardedHeader},
		{name: "BRAND", standard: keys.DefaultBrand, meaning: "what keys start with; changing it makes every issued key malformed", set: text(func(c *config) *string { return &c.brand })},
		{name: "CACHE_SIZE", standard: strconv.Itoa(keys.DefaultCacheSize), meaning: "how many keys are held in memory", set: setCacheSize},
		{name: "MAX_STALE", standard: "5m", meaning: "how long cached keys verify while the store is gone", set: setMaxStale},
		{name: "GUESS_LIMIT", standard: "60/1m", meaning: "unknown keys that one client address may try, or off", set: rule(func(c *config) *ratelimit.Rule { return &c.guessLimit })},
		{name: "SIGN_IN_LIMIT", standard: "10/1m", meaning: "wrong passwords that one client address may try per account, ten times as many in all, or off", set: rule(func(c *config) *ratelimit.Rule { return &c.signInLimit })},
		{name: "LOG", standard: "info", meaning: "debug, info, warn or error", set: setLogLevel},
		{name: "LOG_FORMAT", standard: "json", meaning: "json, or text for people", set: setLogFormat},
	}
}

func setAuthenticators(c *config, v string) error {
	known := []string{"session", "api_key", "basic"}
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

func setVerifyOpen(c *config, v string) (err error) {
	if c.verifyOpen, err = strconv.ParseBool(v); err != nil {
		return errors.New("must be true or false")
	}
	return nil
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

func setMaxStale(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second || d > 24*time.Hour {
		return errors.New("must be a duration between 1s and 24h")
	}
	c.maxStale = d
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

// readConfig reads the variables, given as NAME=value. It names every fault at
// once: unknown variables, bad values, files that cannot be read.
func readConfig(environment []string) (*config, error) {
	given := map[string]string{}
	for _, pair := range environment {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, variablePrefix) {
			given[strings.TrimPrefix(name, variablePrefix)] = value
		}
	}
	c := &config{}
	var faults []error
	for _, s := range settings() {
		value, err := s.value(given)
		if err == nil {
			err = s.set(c, value)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s%s: %w", variablePrefix, s.name, err))
		}
		delete(given, s.name)
		if s.secret {
			delete(given, s.name+"_FILE")
		}
	}
	for name := range given {
		faults = append(faults, fmt.Errorf("%s%s is not a setting; latchkey serve --help lists them", variablePrefix, name))
	}
	return c, errors.Join(faults...)
}

func (s *setting) value(given map[string]string) (string, error) {
	value, set := given[s.name]
	file, fromFile := given[s.name+"_FILE"]
	switch {
	case s.secret && fromFile && set:
		return "", fmt.Errorf("set it or %s_FILE, not both", s.name)
	case s.secret && fromFile:
		b, err := os.ReadFile(file) //nolint:gosec // G304: the operator names the file
		return strings.TrimRight(string(b), "\r\n"), err
	case set && value != "":
		return value, nil
	default:
		return s.standard, nil
	}
}

// describeSettings lists every variable for --help.
func describeSettings() string {
	var b strings.Builder
	b.WriteString("Settings are environment variables:\n\n")
	for _, s := range settings() {
		standard := s.standard
		if standard == "" {
			standard = "none"
		}
		fmt.Fprintf(&b, "  %s%s (default %s)\n        %s", variablePrefix, s.name, standard, s.meaning)
		if s.secret {
			fmt.Fprintf(&b, ";\n        or %s%s_FILE names a file that holds it", variablePrefix, s.name)
		}
		b.WriteString("\n")
	}
	return b.String()
}
