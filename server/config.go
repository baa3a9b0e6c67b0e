package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/retention"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/web"
)

// config holds everything that the environment can set.
type config struct {
	extra   []Authenticator // added by the embedding program
	inForce []web.SystemSetting

	addr            string
	adminAddr       string
	grpcAddr        string
	databaseURL     string
	adminEmail      string
	adminPassword   string
	authenticators  []string
	verifyOpen      bool
	trustedProxies  []netip.Prefix
	keyHeaders      []string // as net/http spells them
	forwardedHeader proxies.Header
	original        proxies.Family
	brand           string
	cacheSize       int
	maxStale        time.Duration
	nodeName        string
	drain           time.Duration
	maxConnections  int
	fastLane        bool
	guessLimit      ratelimit.Rule
	signInLimit     ratelimit.Rule
	redisURL        string
	redisTimeout    time.Duration
	limitMode       string
	limitFallback   string
	logLevel        slog.Level
	logFormat       string

	throttles        api.Throttles
	tlsCert, tlsKey  string
	clientCA         string
	clientCRL        string
	clientCertHeader mtls.Header
	remoteUser       auth.RemoteUserConfig
	providers        []oidc.Provider
	signup           auth.SignupPolicy
	smtpURL          string
	mailFrom         string
	url              string // without a trailing slash
	secret           string // "" if it is kept in the data folder
	previousSecret   string // opens what is not yet sealed under secret
	dataDir          string
	signingAlgorithm signing.Algorithm
	signingKeyLife   time.Duration
	accessLife       time.Duration
	refreshLife      time.Duration
	oauthLife        time.Duration
	oauthAudience    string
	usageKept        usage.Retention
	keep             retention.Policy
	archiveDir       string

	gitHubKeys  string // address, or off
	gitLabToken string
	leaksSecret string
	plainHTTP   string
	command     bool // no setting: the process serves nothing

	webhookNetworks []netip.Prefix

	edgeUpstream []string
	edgeKey      string
}

const (
	variablePrefix = "LATCHKEY_"
	standardDir    = "latchkey-data"
)

// setting is one variable: its default, meaning and target.
type setting struct {
	name     string
	standard string
	meaning  string
	secret   bool // can be read from the file named by NAME_FILE
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

// readConfig reads the variables, given as NAME=value. It reports every fault at
// once: unknown variables, bad values, unreadable files.
func readConfig(environment []string, extra ...Authenticator) (*config, error) {
	given := givenIn(environment)
	c := &config{extra: extra}
	faults := c.take(settings(), given)
	providers, err := readProviders(given)
	c.providers = providers
	if err != nil {
		faults = append(faults, err)
	}
	for name := range given {
		faults = append(faults, fmt.Errorf("%s%s is not a setting; latchkey serve --help lists them", variablePrefix, name))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return c, c.complete()
}

// take applies the given settings and removes them from given.
func (c *config) take(all []setting, given map[string]string) (faults []error) {
	for _, s := range all {
		value, err := s.value(given)
		if err == nil {
			err = s.set(c, value)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s%s: %w", variablePrefix, s.name, err))
		}
		c.inForce = append(c.inForce, s.inForce(given, value))
		delete(given, s.name)
		if s.secret {
			delete(given, s.name+"_FILE")
		}
	}
	return faults
}

func givenIn(environment []string) map[string]string {
	given := map[string]string{}
	for _, pair := range environment {
		name, value, ok := strings.Cut(pair, "=")
		if ok && strings.HasPrefix(name, variablePrefix) && !slices.Contains(cli.Variables, name) {
			given[strings.TrimPrefix(name, variablePrefix)] = value
		}
	}
	return given
}

// complete derives values from other settings.
func (c *config) complete() error {
	if (c.tlsCert == "") != (c.tlsKey == "") {
		return fmt.Errorf("%sTLS_CERT and %sTLS_KEY are set together or not at all", variablePrefix, variablePrefix)
	}
	if c.clientCRL != "" && c.clientCA == "" {
		return fmt.Errorf("%sTLS_CLIENT_CRL needs %sTLS_CLIENT_CA", variablePrefix, variablePrefix)
	}
	if err := c.usageKept.Validate(); err != nil {
		return fmt.Errorf("%sUSAGE_MINUTES, %sUSAGE_HOURS, %sUSAGE_DAYS: %w", variablePrefix, variablePrefix, variablePrefix, err)
	}
	if c.url == "" {
		_, port, err := net.SplitHostPort(c.addr)
		if err != nil {
			return fmt.Errorf("%sADDR: must be HOST:PORT or :PORT", variablePrefix)
		}
		scheme := "http"
		if c.tlsCert != "" {
			scheme = "https"
		}
		c.url = scheme + "://" + net.JoinHostPort("localhost", port)
	}
	if c.oauthAudience == "" {
		c.oauthAudience = c.url
	}
	if c.oauthAudience == auth.UserAudience(c.url) {
		return fmt.Errorf("%sOAUTH_AUDIENCE: must not be %s, which the tokens of users are for", variablePrefix, c.oauthAudience)
	}
	if c.databaseURL == "" {
		c.databaseURL = "sqlite:" + filepath.Join(cmp.Or(c.dataDir, standardDir), "latchkey.db")
	}
	if c.dataDir == "" {
		c.dataDir = standardDir
		if path, is := strings.CutPrefix(c.databaseURL, "sqlite:"); is {
			c.dataDir = filepath.Dir(strings.TrimPrefix(path, "//"))
		}
	}
	return nil
}

func (s *setting) value(given map[string]string) (string, error) {
	value, set := given[s.name]
	file, fromFile := given[s.name+"_FILE"]
	switch {
	case s.secret && fromFile && set:
		return "", fmt.Errorf("set it or %s_FILE, not both", s.name)
	case s.secret && fromFile:
		b, err := os.ReadFile(file) //nolint:gosec // G304: the operator names the file
		text := strings.TrimRight(string(b), "\r\n")
		if err == nil && text == "" {
			err = fmt.Errorf("the file %s is empty", file)
		}
		return text, err
	case set && value != "":
		return value, nil
	default:
		return s.standard, nil
	}
}

// inForce returns the setting as staff see it. Of a secret it shows only whether
// it was given.
func (s *setting) inForce(given map[string]string, value string) web.SystemSetting {
	_, set := given[s.name]
	_, file := given[s.name+"_FILE"]
	shown := web.SystemSetting{Variable: variablePrefix + s.name, Meaning: s.meaning, Secret: s.secret, Given: set || (s.secret && file)}
	if !s.secret {
		shown.Value = value
	}
	return shown
}

// describeSettings lists every variable for --help.
func describeSettings() string { return describe(settings()) + providersHelp }

func describe(all []setting) string {
	var b strings.Builder
	b.WriteString("Settings are environment variables:\n\n")
	for _, s := range all {
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
