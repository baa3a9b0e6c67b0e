package redislimit

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey/latchkey/internal/calls"
)

// hook tells a watch of the scripts, of each its command's name only. What the
// library sends when it connects is left out: older servers refuse some of it,
// and it goes on.
type hook struct{ watch calls.Watch }

// DialHook implements redis.Hook.
func (h hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if name := cmd.Name(); name != "evalsha" && name != "eval" {
			return next(ctx, cmd)
		}
		ctx, end := h.watch(ctx, calls.Call{System: "redis", Operation: calls.Write, Name: cmd.Name()})
		err := next(ctx, cmd)
		end(fault(err))
		return err
	}
}

// ProcessPipelineHook implements redis.Hook. Nothing but the greeting of a
// connection comes this way.
func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// fault leaves out what Redis answers in the ordinary course of things.
func fault(err error) error {
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "NOSCRIPT") {
		return nil
	}
	return err
}
