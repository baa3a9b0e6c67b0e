package usage

import (
	"context"
	"time"
)

const (
	pauseAfter = 64
	pauseFor   = 200 * time.Microsecond
)

// pause interrupts work on many rows at regular intervals while the service runs. It
// sleeps because runtime.Gosched is not enough: the scheduler polls the network only
// when nothing else can run.
type pause struct {
	life context.Context // nil: never pauses
	n    int
}

func (p *pause) one() {
	if p.n++; p.life != nil && p.n%pauseAfter == 0 && p.life.Err() == nil {
		time.Sleep(pauseFor)
	}
}
