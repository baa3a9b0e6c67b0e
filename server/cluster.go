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

// node is what people call the node.
func (c *config) node() string {
	if c.nodeName != "" {
		return c.nodeName
	}
	name, err := os.Hostname()
	if err != nil {
		return "unnamed" // a label, and no reason not to start
	}
	return name
}

// buildPush lets other nodes hear of a change before they ask; nil where no
// Redis is configured.
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

// databaseName is the last part of the database's URL: what all of its nodes
// write alike.
func databaseName(url string) string {
	plain, _, _ := strings.Cut(url, "?")
	return path.Base(filepath.ToSlash(plain))
}

// join makes the node known, before it serves anything. Where the store cannot be
// written, the node serves what it reads there, and remembers nothing: no other
// node waits for one that it does not know.
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

// unwritable is why the store could not be opened to be written, if it was not.
func (a *app) unwritable() error {
	if s, is := a.store.(interface{ Unwritable() error }); is {
		return s.Unwritable()
	}
	return nil
}

// leave removes the node's record. Where it fails, others wait for what this
// node could still serve if it lived.
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
