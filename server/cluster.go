package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/keys/redispush"
	"github.com/latchkey/latchkey/nodes"
)

// node returns the node's name.
func (c *config) node() string {
	if c.nodeName != "" {
		return c.nodeName
	}
	name, err := os.Hostname()
	if err != nil {
		return "unnamed" // only a label, so no reason to fail
	}
	return name
}

// buildPush returns a function that tells other nodes of a change before they
// poll; nil if Redis is not configured.
func (a *app) buildPush(n *nodes.Registry, m *keys.Marks) (func(marks []string), error) {
	if a.config.redisURL == "" {
		return nil, nil
	}
	var err error
	a.push, err = redispush.New(redispush.Config{
		URL: a.config.redisURL, Database: databaseName(a.config.databaseURL), Node: n.ID(), Bump: m.Bump, Logger: a.logger,
	})
	if err != nil {
		return nil, fmt.Errorf("LATCHKEY_REDIS_URL: %w", err)
	}
	return a.push.Tell, nil
}

// databaseName returns the last part of the database's URL, which is the same on
// all its nodes.
func databaseName(url string) string {
	plain, _, _ := strings.Cut(url, "?")
	return path.Base(filepath.ToSlash(plain))
}

// join registers the node before it serves anything. If the store cannot be
// written, the node verifies from the store alone and caches nothing: other nodes
// do not wait for a node that is not registered.
func (a *app) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	err := a.Nodes.Join(ctx)
	if errors.Is(err, errs.Unavailable) {
		a.Verifier.RememberNothing()
		a.logger.ErrorContext(ctx, "the store cannot be written: keys are verified by what is read there, nothing can be changed, and usage "+
			"waits; it is tried again all the time",
			"err", errors.Join(err, a.unwritable()))
		return nil
	}
	if err != nil {
		return fmt.Errorf("make this node known: %w", err)
	}
	return nil
}

// unwritable returns why the store could not be opened for writing, or nil.
func (a *app) unwritable() error {
	if s, is := a.store.(interface{ Unwritable() error }); is {
		return s.Unwritable()
	}
	return nil
}

// leave removes the node's record. If that fails, other nodes wait as long as
// this node could still serve from its cache.
func (a *app) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	err := a.Feed.Close(ctx)
	if err == nil {
		err = a.Nodes.Leave(ctx)
	}
	if err != nil {
		a.logger.WarnContext(ctx, "the record of this node was not removed", "err", err)
	}
}

const leaveTimeout = saveTimeout / 4
