package imports

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

// Page is a part of an import that is stored by itself: uploaded rows, or problems.
type Page struct {
	keys.Stamp
	ID       string    `json:"id"`
	Problems []Problem `json:"problems,omitempty"`
	Rows     []stored  `json:"rows,omitempty"`
}

// Store is what the package needs from a database.
type Store interface {
	keys.Store
	Imports() keys.Collection[Import, keys.NoFilter]
	ImportPages() keys.Collection[Page, keys.NoFilter]
	KeyShapes() keys.Collection[Shapes, keys.NoFilter]
	// LoadKeys is Keys().InsertAll where nothing else needs the store for some seconds.
	LoadKeys(ctx context.Context, all []keys.Key) (taken []string, err error)
}

// Config is what a Service needs. Every field is required.
type Config struct {
	Store  Store
	Keys   *keys.Service
	Format keys.Format
	Logger *slog.Logger
	Node   string
	Nodes  *nodes.Registry // beside nodes that serve, an import leaves the store room
}

// Service imports keys.
type Service struct {
	Config

	life    context.Context // of background work
	stop    context.CancelFunc
	running sync.WaitGroup
	working sync.Mutex // held by the upload that is imported
	waiting sync.Map   // ids of uploads that are imported, or wait for that
}

// New returns a Service that knows the shapes of imported keys, and looks for those that
// others import. Close stops it.
func New(ctx context.Context, c Config) (*Service, error) {
	if c.Store == nil || c.Keys == nil || c.Format.IsZero() || c.Logger == nil || c.Nodes == nil {
		return nil, errors.New("imports: Store, Keys, Format, Logger and Nodes are required")
	}
	s := &Service{Config: c}
	if err := s.LoadShapes(ctx); err != nil {
		return nil, err
	}
	s.life, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.running.Go(s.watch)
	return s, nil
}

// Close stops background work.
func (s *Service) Close() {
	s.stop()
	s.running.Wait()
}

// watch looks for shapes that others imported, and, while this node serves, for imports to
// continue.
func (s *Service) watch() {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
		}
		err := s.LoadShapes(s.life)
		if n%int(lookEvery/refreshEvery) == 0 && s.Nodes.Joined() {
			err = errors.Join(err, s.Resume(s.life))
		}
		if err != nil && s.life.Err() == nil {
			s.Logger.Warn("look for imports", "err", err)
		}
	}
}

// rows calls row for each row and problem for each that cannot be read. An import reads
// its rows twice.
type rows func(ctx context.Context, row func(source.Row, *proof) error, problem func(Problem) error) error

// Follow is told of an import while it runs.
type Follow struct {
	Problem  func(Problem) error // nil: only the record keeps them
	Progress func(*Import)       // nil: nobody looks
}

// Files imports keys from files, and returns when that is done. Only staff may. A dry run
// writes nothing.
func (s *Service) Files(ctx context.Context, a keys.Actor, o Options, files []source.File, f Follow) (Import, error) {
	if err := keys.StaffOnly(a); err != nil {
		return Import{}, err
	}
	n := Import{
		Stamp: keys.NewStamp(s.Keys.Now()), ID: NewID(), State: Running, By: a.Subject(), Options: o, Node: s.Node,
	}
	for _, file := range files {
		n.Files = append(n.Files, file.Name)
	}
	readings := 0
	return s.run(ctx, n, func(ctx context.Context, row func(source.Row, *proof) error, problem func(Problem) error) error {
		readings++
		with := prover{format: s.Format, acceptWeak: o.AcceptWeak, looking: readings == 1}
		return with.read(ctx, o.Format, files, row, problem)
	}, f)
}

// quietFor is how long ago a node must have polled that ended without saying so. Whether
// one is alive cannot be told at the first look.
const quietFor = 30 * time.Second

// beside reports whether nodes serve from the store.
func (s *Service) beside(ctx context.Context) (bool, error) {
	all, err := s.Nodes.List(ctx)
	if err != nil {
		return false, fmt.Errorf("look for nodes that serve: %w", err)
	}
	now := s.Keys.Now()
	return slices.ContainsFunc(all, func(n nodes.State) bool {
		if n.Self {
			return s.Nodes.Joined()
		}
		return now.Sub(n.LastPoll) < quietFor
	}), nil
}
