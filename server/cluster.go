package server

import (
	"context"
	"fmt"
	"os"

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
		Store: a.store, Name: name, Version: version(), MaxStale: a.config.maxStale, Logger: a.logger,
	})
	return err
}

// join makes the node known, before it serves anything.
func (a *app) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := a.nodes.Join(ctx); err != nil {
		return fmt.Errorf("make this node known: %w", err)
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
