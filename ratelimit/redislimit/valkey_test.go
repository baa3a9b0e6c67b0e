//go:build valkey

package redislimit_test

import (
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

func TestValkeyConforms(t *testing.T) {
	t.Parallel()
	url := parts.Valkey(t).URL()
	ratelimittest.Test(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return timed(t, url, c) })
	ratelimittest.TestModel(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return timed(t, url, c) })
}
