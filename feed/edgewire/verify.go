package edgewire

import (
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// VerifyPath takes a Question and answers a Verdict.
const VerifyPath = "/edge/v1/verify"

// Question asks the node to decide what an edge cannot: about a signed token, or about a
// key with checks or limits that the edge does not know.
type Question struct {
	Key       string   `json:"key"` // the key or token itself
	Scopes    []string `json:"scopes,omitempty"`
	Cost      int64    `json:"cost"`
	Address   string   `json:"address,omitempty"` // of the key's user
	UserAgent string   `json:"user_agent,omitempty"`
	DryRun    bool     `json:"dry_run,omitempty"`
	Fresh     bool     `json:"fresh,omitempty"`
	Unmetered bool     `json:"unmetered,omitempty"`
	// PlainRefused says that the key arrived without TLS and must not. A node that does
	// not know this member ignores it; the edge then refuses a key that would have passed.
	PlainRefused bool `json:"plain_refused,omitempty"`
	// Within are the organizations whose keys the edge's caller may see; nil means as many
	// as the edge.
	Within []string `json:"within"`
}

// Verdict is the node's decision. The node has charged the limits and counted it; it must
// not be cached.
type Verdict struct {
	Code    string              `json:"code"`
	Detail  errs.Text           `json:"detail"`
	Missing []string            `json:"missing_scopes,omitempty"`
	At      time.Time           `json:"at"`
	Grant   *Grant              `json:"grant,omitempty"`  // what is known of the key, with the scopes and the end of the token
	Limits  *ratelimit.Decision `json:"limits,omitempty"` // nil: not checked
	Steps   []Step              `json:"steps,omitempty"`
}

// Step is one check of a dry run.
type Step struct {
	Check   string    `json:"check"`
	Outcome string    `json:"outcome"`
	Code    string    `json:"code"`
	Detail  errs.Text `json:"detail"`
	Change  errs.Text `json:"change"`
}
