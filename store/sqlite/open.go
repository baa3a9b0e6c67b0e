package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/calls"
)

// Open opens the database file, creates it and its folder if they do not exist, and
// upgrades its schema. It refuses a file written by a newer version. The watches see
// later calls.
//
// If the disk is full or not writable, Open opens an up-to-date file for reading and
// writes to it as soon as that is possible: see Unwritable.
func Open(ctx context.Context, path string, watches ...calls.Watch) (*Store, error) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &engine{path: path, watch: calls.Join(watches...), stop: stop}
	pools, err := openPools(ctx, path)
	if err != nil {
		cause := err
		if !errors.Is(known(cause), errs.Unavailable) {
			stop()
			return nil, err
		}
		if pools, err = openReadable(ctx, path); err != nil {
			stop()
			return nil, cause
		}
		s.unwritable.Store(&cause)
	}
	s.writer, s.reader, s.notes = s.purpose(pools.writer), s.purpose(pools.reader), s.purpose(pools.notes)
	s.moves = newCheckpoints(path, s.notes)
	s.writer.moves, s.notes.moves = s.moves, s.moves
	if s.Unwritable() != nil {
		s.mending.Go(func() { s.mend(life) })
	}
	return newStore(s), nil
}

func (s *engine) purpose(p *pool) *database {
	d := &database{path: s.path, watch: s.watch}
	d.pool.Store(p)
	return d
}

// Unwritable returns why the file was opened only for reading, and nil once it can be
// written.
func (s *engine) Unwritable() error {
	if cause := s.unwritable.Load(); cause != nil {
		return *cause
	}
	return nil
}

// mendEvery is how often Open's read-only fallback tries to open the file for writing.
const mendEvery = 250 * time.Millisecond

// mend reopens the file until it can be written.
func (s *engine) mend(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(mendEvery):
		}
		pools, err := openPools(ctx, s.path)
		if err != nil {
			continue
		}
		s.reader.replace(pools.reader) // first, because writers may read it
		s.notes.replace(pools.notes)
		s.writer.replace(pools.writer)
		s.unwritable.Store(nil)
		return
	}
}

func (d *database) replace(p *pool) { d.past = d.pool.Swap(p) }

// pools are the connections to one file.
type pools struct{ writer, reader, notes *pool }

func (p *pools) close() error {
	return errors.Join(p.notes.close(), p.reader.close(), p.writer.close())
}

// openPools opens the file for reading and writing.
func openPools(ctx context.Context, path string) (*pools, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the database: %w", err)
	}
	if err := vanished(path); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	return open(ctx, path,
		wanted{connections: 1, lock: "immediate", synchronous: "FULL"},
		wanted{connections: readers(), lock: "deferred", synchronous: "FULL"},
		wanted{connections: 1, lock: "immediate", synchronous: "NORMAL"})
}

// openReadable opens the file only for reading. If there is no log beside it, it creates
// none, which a full disk would refuse too.
func openReadable(ctx context.Context, path string) (*pools, error) {
	w := wanted{connections: readers(), readOnly: true}
	info, err := os.Stat(path + "-wal")
	w.immutable = errors.Is(err, fs.ErrNotExist) || (err == nil && info.Size() == 0)
	return open(ctx, path, w, w, w)
}

func readers() int { return max(4, runtime.GOMAXPROCS(0)) }

func open(ctx context.Context, path string, writer, reader, notes wanted) (_ *pools, err error) {
	p := &pools{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err = replaced(ctx, path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if p.writer, err = connect(path, writer); err != nil {
		return nil, err
	}
	if err = migrate(ctx, p.writer.db); err == nil {
		err = identify(ctx, p.writer.db, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if p.reader, err = connect(path, reader); err != nil {
		return nil, err
	}
	if p.notes, err = connect(path, notes); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	p.writer.file, p.reader.file, p.notes.file = info, info, info
	return p, nil
}

// wanted describes a pool. The synchronous mode FULL keeps acknowledged writes through a
// power loss, NORMAL only through a crash of the process.
type wanted struct {
	connections       int
	lock, synchronous string
	readOnly          bool
	immutable         bool // and nobody else writes to it
}

func (w wanted) options() url.Values {
	pragmas := []string{"busy_timeout(5000)", "foreign_keys(ON)", "temp_store(MEMORY)", "cache_size(-8000)", "trusted_schema(OFF)"}
	if w.readOnly {
		o := url.Values{"mode": {"ro"}, "_pragma": pragmas}
		if w.immutable {
			o.Set("immutable", "1")
		}
		return o
	}
	pragmas = append(pragmas, "journal_mode(WAL)", "synchronous("+w.synchronous+")", "wal_autocheckpoint("+mostPages+")",
		"journal_size_limit(0)")
	return url.Values{"mode": {"rw"}, "_pragma": pragmas, "_txlock": {w.lock}} // never created here: a missing file would come back empty
}

// pool is connections with their prepared statements, one per text. Texts are built from
// a bounded set of parts.
type pool struct {
	db         *sql.DB
	statements sync.Map    // text → *sql.Stmt
	file       fs.FileInfo // when it was opened
}

func connect(path string, w wanted) (*pool, error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String()+"?"+w.options().Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(w.connections)
	db.SetMaxIdleConns(w.connections)
	return &pool{db: db}, nil
}

func (p *pool) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := p.statements.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := p.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	if earlier, taken := p.statements.LoadOrStore(text, s); taken {
		return earlier.(*sql.Stmt), s.Close()
	}
	return s, nil
}

// close accepts nil if there is nothing to close.
func (p *pool) close() error {
	if p == nil {
		return nil
	}
	var all []error
	p.statements.Range(func(_, s any) bool {
		all = append(all, s.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(append(all, p.db.Close())...)
}
