package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
)

// compareRedis loads the service with all limits in Redis, and a floor that makes one round
// trip to Redis per verification, in turn. Redis runs on the last core, with the load
// generator.
func compareRedis(ctx context.Context, o options, dir string) error {
	fmt.Print("\nwith limits in Redis, exact: ")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	address, end, err := startRedis(ctx, dir)
	if err != nil {
		return err
	}
	defer end()
	s := sides{
		settings:  []string{"LATCHKEY_REDIS_URL=redis://" + address + "/0", "LATCHKEY_REDIS_TIMEOUT=2s"},
		arguments: []string{"-redis-address", address},
	}
	return s.drive(ctx, o, dir, func(filled, *process) error { return nil })
}

// startRedis runs an empty Redis on the last core until end is called.
func startRedis(ctx context.Context, dir string) (address string, end func(), err error) {
	if address, err = freeAddress(); err != nil {
		return "", nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, err
	}
	//nolint:gosec // G204: our own arguments
	cmd := exec.CommandContext(ctx, "taskset", "-c", lastCore(), "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save",
		"", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("redis-server (install it with make parts): %w", err)
	}
	end = func() { _ = errors.Join(cmd.Process.Kill(), cmd.Wait()) } // its exit status says nothing
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close() //nolint:errcheck // nothing is on its way
	for range 200 {
		if err = client.Ping(ctx).Err(); err == nil {
			return address, end, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	end()
	return "", nil, fmt.Errorf("redis-server does not answer: %w", err)
}

// counting makes every request do one round trip to Redis before its answer.
func counting(address string) gin.HandlerFunc {
	client := redis.NewClient(&redis.Options{Addr: address})
	return func(c *gin.Context) {
		if err := client.Incr(c.Request.Context(), "floor").Err(); err != nil {
			c.AbortWithStatus(http.StatusServiceUnavailable)
		}
	}
}
