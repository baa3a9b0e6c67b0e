package server

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// reloaded is what SIGHUP reads again from files. If a file is invalid, its
// previous content stays in force.
type reloaded interface{ Reload() error }

// reloadAtHangup reloads files at each SIGHUP until the returned function is
// called. It must be called before anything else starts, because an unhandled
// signal would end the process.
func (f *front) reloadAtHangup(ctx context.Context, hangups <-chan os.Signal) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				f.reload(ctx)
			}
		}
	}()
	return func() { cancel(); <-ended }
}

func (f *front) reload(ctx context.Context) {
	bad := false
	for _, files := range f.files {
		if err := files.Reload(); err != nil {
			bad = true
			f.logger.ErrorContext(ctx, "a file is no good and was not loaded; what was loaded before stays", "err", err)
		}
	}
	if !bad {
		f.logger.InfoContext(ctx, "certificates and revocation lists were read again")
	}
}

// hangups catches SIGHUP, which would otherwise end the process.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
