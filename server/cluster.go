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
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/keys/redispush"
	"github.com/latchkey/latchkey/nodes"
)

// buildNodes makes the registry of this process. Nobody knows the node before
// it joins: commands that only look after the store never do.
func (a *app) buildNodes() (err error) {
	name := a.config.nodeName
	if name == "" {
		if name, err = os.Hostname(); err != nil {
			name = "unnamed" // a label, and no reason not to start
		}
	}
	a.nodes, err = nodes.New(nodes.Config{
		Store: a.store, Name: name, Version: buildinfo.Current().Version, MaxStale: a.config.maxStale, Logger: a.logger,
	})
	if err != nil || a.config.redisURL == "" {
		return err
	}
	a.push, err = redispush.New(redispush.Config{
		URL: a.config.redisURL, Database: databaseName(a.config.databaseURL), Node: a.nodes.ID(), Bump: a.marks.Bump, Logger: a.logger,
	})
	if err != nil {
		return fmt.Errorf("LATCHKEY_REDIS_URL: %w", err)
	}
	return nil
}

// databaseName is the last part of the database's URL: what all of its nodes
// write alike.
func databaseName(url string) string {
	plain, _, _ := strings.Cut(url, "?")
	return path.Base(filepath.ToSlash(plain))
}

// tell has other nodes hear of a change before they ask.
func (a *app) tell(marks []string) {
	if a.push != nil {
		a.push.Tell(marks)
	}
}

// join makes the node known, before it serves anything. Where the store cannot be
// written, the node serves what it reads there, and remembers nothing: no other
// node waits for one that it does not know.
func (a *app) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	err := a.nodes.Join(ctx)
	if errors.Is(err, errs.Unavailable) {
		a.verifier.RememberNothing()
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
	if err := a.nodes.Leave(ctx); err != nil {
		a.logger.WarnContext(ctx, "the record of this node was not removed", "err", err)
	}
}

const leaveTimeout = saveTimeout / 4
