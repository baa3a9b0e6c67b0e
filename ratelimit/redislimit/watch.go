package redislimit

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey/latchkey/internal/calls"
)

// hook reports scripts to a watch, by command name only. It skips what the library sends
// when it connects: older servers refuse some of it, and the library continues.
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

// ProcessPipelineHook implements redis.Hook. Only a connection's greeting is pipelined.
func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// fault ignores errors that Redis returns in normal operation.
func fault(err error) error {
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "NOSCRIPT") {
		return nil
	}
	return err
}
