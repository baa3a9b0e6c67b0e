package server

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/leaks/github"
)

const off = "off"

// leakSettings configure who reports leaked keys, and what happens to exposed ones.
func leakSettings() []setting {
	return []setting{
		{
			name:     "LEAKS_GITHUB_KEYS",
			standard: github.DefaultAddress,
			meaning:  "address of the keys with which GitHub's secret scanning signs what it sends to /leaks/github, or off",
			set:      setGitHubKeys,
		},
		{
			name:    "LEAKS_GITLAB_TOKEN",
			meaning: "token that GitLab sends to /leaks/gitlab (its Token Revocation API); off if empty",
			secret:  true,
			set:     setSecret(func(c *config) *string { return &c.gitLabToken }),
		},
		{
			name:    "LEAKS_SECRET",
			meaning: "secret with which partners sign what they send to /leaks/signed; off if empty",
			secret:  true,
			set:     setSecret(func(c *config) *string { return &c.leaksSecret }),
		},
		{
			name:     "PLAIN_HTTP",
			standard: off,
			meaning: "what happens to a key that reaches GET /verify without TLS, as trusted proxies tell or directly from a public " +
				"address: off (nothing), mark (it is shown as exposed, and its owner told) or refuse (that, and 403)",
			set: setPlainHTTP,
		},
	}
}

func setGitHubKeys(c *config, v string) error {
	c.gitHubKeys = v
	if v == off {
		return nil
	}
	if u, err := url.Parse(v); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("must be an address such as " + github.DefaultAddress + ", or off")
	}
	return nil
}

func setPlainHTTP(c *config, v string) error {
	if err := oneOf(func(c *config) *string { return &c.plainHTTP }, off, string(api.PlainMark), string(api.PlainRefuse))(c, v); err != nil {
		return err
	}
	if v == off {
		c.plainHTTP = ""
	}
	return nil
}

// partners returns the scanners of secrets that may report keys.
func (a *app) partners() api.Partners {
	p := api.Partners{GitLabToken: a.config.gitLabToken}
	if a.config.gitHubKeys != off {
		p.GitHub = github.New(github.Config{Address: a.config.gitHubKeys})
	}
	if a.config.leaksSecret != "" {
		p.Signed = &leaks.Signed{Secret: []byte(a.config.leaksSecret), Once: a.store, Now: time.Now}
	}
	return p
}

const sweepEvery = 2 * time.Second

// leakSweeper takes up reports of leaks that their node left. Every node looks for
// them; each report is claimed by one.
func (a *app) leakSweeper() *cleaner {
	c := a.newWorker("leaks", []cleaned{{"reports of leaks", 1, func(ctx context.Context, _ time.Time) (int, error) {
		_, err := a.Leaks.Sweep(ctx)
		return 0, err
	}}})
	c.every = sweepEvery
	c.lead = func(context.Context, time.Duration) (bool, error) { return true, nil }
	c.release = func(context.Context) error { return nil }
	return c
}

// cleanExposures deletes exposures of keys that are gone, some at a time.
func (a *app) cleanExposures() func(context.Context, time.Time) (int, error) {
	after := ""
	return func(ctx context.Context, _ time.Time) (int, error) {
		next, err := a.Leaks.Clean(ctx, after)
		if after = next; err != nil || next == "" {
			return 0, err
		}
		return leaks.CleanBatch, nil
	}
}
