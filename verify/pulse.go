package verify

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

const (
	// pulseBound is how old the last poll may be before a question asks for
	// another: other nodes were promised that it is no older.
	pulseBound = keys.PollBound
	// awakeFor is how long after its last record others may assume that this node
	// polls, plus the time that writing a record may take.
	awakeFor = nodes.FreshFor + beatTimeout
	catchUps = 3
	// clockSlack is how far Go's two clocks may drift apart before the third is
	// asked. The first stands still while the machine sleeps; the second does not,
	// but can be set.
	clockSlack = 10 * time.Millisecond
)

// pulse tells whether this process was running and learned of changes lately. A
// process that was stopped, or whose machine slept, must ask what changed meanwhile
// before it answers from memory, because other nodes rely on that. If the store is
// unavailable while the process runs, it may continue without.
type pulse struct {
	elapsed func() time.Duration      // includes time in which the machine sleeps
	word    atomic.Int64              // when the last poll that counts began, or one last failed
	heard   atomic.Int64              // when the last poll that counts began
	ticked  atomic.Int64              // when a poll was last due
	slept   atomic.Bool               // the process slept, and no poll that began since counts yet
	last    atomic.Pointer[time.Time] // word, by Go's clocks
}

func (p *pulse) begin(at time.Time) {
	p.last.Store(&at)
	now := int64(p.elapsed())
	p.word.Store(now)
	p.heard.Store(now)
	p.ticked.Store(now)
}

// recently is called by every verification. While both of Go's clocks agree, it
// needs no system call.
func (p *pulse) recently(now time.Time) bool {
	last := *p.last.Load()
	steady := now.Sub(last)
	apart := steady - time.Duration(now.UnixNano()-last.UnixNano())
	if steady <= pulseBound-clockSlack && apart.Abs() <= clockSlack {
		return true
	}
	return p.recent()
}

func (p *pulse) recent() bool { return int64(p.elapsed())-p.word.Load() <= int64(pulseBound) }

// never is before every moment that elapsed returns.
const never = -time.Hour

// forget discards every poll heard so far.
func (p *pulse) forget() {
	p.last.Store(&time.Time{})
	p.word.Store(int64(never))
	p.heard.Store(int64(never))
}

// tick detects that the process did not run for long. If the node had not polled
// for a while before that, no other node relied on it.
func (p *pulse) tick() {
	now := int64(p.elapsed())
	last := p.ticked.Swap(now)
	if now-last > int64(pulseBound) && last-p.heard.Load() <= int64(awakeFor) {
		p.slept.Store(true)
	}
}

// hear records a poll that counts and began at the given time.
func (p *pulse) hear(began time.Duration, at time.Time) {
	if forward(&p.heard, int64(began)) && int64(p.elapsed()-began) <= int64(pulseBound) {
		p.slept.Store(false)
	}
	p.say(began, at)
}

func (p *pulse) say(when time.Duration, at time.Time) {
	if forward(&p.word, int64(when)) {
		p.last.Store(&at)
	}
}

// fail records a failed poll: there is nothing more to wait for.
func (p *pulse) fail(at time.Time) {
	p.tick()
	if !p.slept.Load() {
		p.say(p.elapsed(), at)
	}
}

// forward raises v to at least to, and reports whether it did.
func forward(v *atomic.Int64, to int64) bool {
	for {
		old := v.Load()
		if old >= to {
			return false
		}
		if v.CompareAndSwap(old, to) {
			return true
		}
	}
}

// hears reports whether answers from memory are allowed. If the last poll is too
// old it waits for another one, shared by all who ask.
func (c *cache) hears(ctx context.Context, now time.Time) bool {
	if c.pulse.recently(now) {
		return true
	}
	for range catchUps {
		if c.pulse.recent() {
			return true
		}
		c.pulse.tick()
		flight := c.flights.DoChan("poll", func() (any, error) { return nil, c.catchUp() })
		select {
		case <-flight:
		case <-ctx.Done():
			return false
		}
	}
	return c.pulse.recent()
}

func (c *cache) catchUp() error {
	ctx, cancel := context.WithTimeout(c.life, pollTime)
	defer cancel()
	err := c.pollOnce(ctx)
	if err == nil {
		err = c.settle(ctx)
	}
	if err != nil {
		c.unheard(err)
	}
	return err
}
