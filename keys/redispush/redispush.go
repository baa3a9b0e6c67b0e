// Package redispush tells other nodes which marks to bump, over Redis or Valkey
// pub/sub. Correctness does not depend on it: if a message is lost because Redis is
// unavailable or a queue is full, other nodes learn of the change from the store
// within keys.PollBound.
package redispush

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

const (
	waiting = 1024 // marks waiting to be sent; any more are left to polling
	timeout = 2 * time.Second
)

// Config is what a Push needs. All fields are required.
type Config struct {
	URL      string            // in the form redislimit reads
	Database string            // the database that the changes are in
	Node     string            // the sender
	Bump     func(mark string) // called for marks that others sent
	Logger   *slog.Logger
}

// Push sends changes to other nodes and receives theirs.
type Push struct {
	c       Config
	channel string
	client  redis.UniversalClient
	heard   *redis.PubSub
	queue   chan string
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New returns a Push. Redis may be unavailable; Push connects when it can.
func New(c Config) (*Push, error) {
	if c.Database == "" || c.Node == "" || c.Bump == nil || c.Logger == nil {
		return nil, errors.New("redispush: every field of the configuration is required")
	}
	client, err := redislimit.Open(c.URL, timeout)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Push{c: c, channel: "latchkey:changes:" + c.Database, client: client, queue: make(chan string, waiting), stop: stop}
	p.heard = client.Subscribe(ctx, p.channel)
	p.running.Go(func() { p.tell(ctx) })
	p.running.Go(p.hear)
	return p, nil
}

// Close stops the Push. Marks not yet sent are left to polling.
func (p *Push) Close() error {
	p.stop()
	err := p.heard.Close()
	p.running.Wait()
	return errors.Join(err, p.client.Close())
}

// Tell asks other nodes to bump the marks. It never waits.
func (p *Push) Tell(marks []string) {
	for _, mark := range marks {
		if !good(mark) {
			continue
		}
		select {
		case p.queue <- mark:
		default:
			return
		}
	}
}

func (p *Push) tell(ctx context.Context) {
	failing := false
	for {
		var marks []string
		select {
		case <-ctx.Done():
			return
		case mark := <-p.queue:
			marks = p.more([]string{mark})
		}
		err := p.publish(ctx, marks)
		if err != nil && !failing && ctx.Err() == nil {
			p.c.Logger.Warn("changes cannot be pushed through Redis; other nodes poll for them", "err", err)
		}
		if err == nil && failing {
			p.c.Logger.Info("changes are pushed through Redis again")
		}
		failing = err != nil
	}
}

// more adds waiting marks that still fit into the message.
func (p *Push) more(marks []string) []string {
	for len(marks) < mostMarks {
		select {
		case mark := <-p.queue:
			marks = append(marks, mark)
		default:
			return marks
		}
	}
	return marks
}

func (p *Push) publish(ctx context.Context, marks []string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.client.Publish(ctx, p.channel, format(p.c.Node, marks)).Err()
}

// hear bumps the marks that others send. The library reconnects by itself, and closes
// the channel on Close.
func (p *Push) hear() {
	for message := range p.heard.Channel() {
		from, marks, ok := parse(message.Payload)
		if !ok || from == p.c.Node {
			continue
		}
		for _, mark := range marks {
			p.c.Bump(mark)
		}
	}
}
