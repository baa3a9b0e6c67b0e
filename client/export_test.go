package client

import (
	"context"
	"time"
)

// SetClock makes the client wait by the function, at a time that stands still,
// without jitter.
func (c *Client) SetClock(now time.Time, sleep func(context.Context, time.Duration) error) {
	c.now = func() time.Time { return now }
	c.sleep, c.jitter = sleep, func() float64 { return 0 }
}

// VersionIn is the version that a build with these modules has.
var VersionIn = versionIn

// NewHTTPClient returns what a Config without one uses.
var NewHTTPClient = newHTTPClient
