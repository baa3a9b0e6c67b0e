package usage

import (
	"context"
	"time"
)

const (
	pauseAfter = 64
	pauseFor   = 200 * time.Microsecond
)

// pause interrupts work on many rows again and again, as long as the service
// runs. It sleeps because giving way is not enough: the scheduler looks for
// what came over the network only when nothing else could run.
type pause struct {
	life context.Context // nil: never
	n    int
}

func (p *pause) one() {
	if p.n++; p.life != nil && p.n%pauseAfter == 0 && p.life.Err() == nil {
		time.Sleep(pauseFor)
	}
}
