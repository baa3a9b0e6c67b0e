package imports

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/imports/source"
)

// How far reading goes ahead of storing.
const (
	aheadRows   = 500 // that are passed on together
	aheadPasses = 40
)

// passed is a row with its proof, or a problem if it has none.
type passed struct {
	row     source.Row
	proof   *proof
	problem Problem
}

// ahead returns rows that are read in the background, while their caller deals with those
// before. It calls as read does: one at a time, in order, until an error. While reading is
// slow it calls waiting every second.
func (read rows) ahead(waiting func(context.Context) error) rows {
	return func(ctx context.Context, row func(source.Row, *proof) error, problem func(Problem) error) (err error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		passes, ended := make(chan []passed, aheadPasses), make(chan error, 1)
		go func() {
			ended <- read.pass(ctx, passes)
			close(passes)
		}()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for err == nil {
			select {
			case all, more := <-passes:
				if !more {
					return <-ended
				}
				err = give(all, row, problem)
			case <-tick.C:
				err = waiting(ctx)
			}
		}
		cancel()
		for range passes { // until reading has ended
		}
		return err
	}
}

// pass sends what it reads.
func (read rows) pass(ctx context.Context, passes chan<- []passed) error {
	var all []passed
	flush := func() error {
		select {
		case passes <- all:
			all = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	add := func(p passed) error {
		if all = append(all, p); len(all) < aheadRows {
			return nil
		}
		return flush()
	}
	err := read(ctx, func(row source.Row, p *proof) error {
		return add(passed{row: row, proof: p})
	}, func(p Problem) error { return add(passed{problem: p}) })
	if last := flush(); err == nil {
		err = last
	}
	return err
}

func give(all []passed, row func(source.Row, *proof) error, problem func(Problem) error) error {
	for i := range all {
		err := error(nil)
		if p := &all[i]; p.proof != nil {
			err = row(p.row, p.proof)
		} else {
			err = problem(p.problem)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
