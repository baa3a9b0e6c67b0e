package retention

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Archive writes deleted objects to files: KIND-YEAR-MONTH.jsonl, one object per line,
// which only the process's user can read. An object may be there twice, if a process died
// before it deleted what it had written.
type Archive struct {
	dir string
	now func() time.Time
	mu  sync.Mutex
}

// NewArchive returns an Archive in the folder, which is created when needed.
func NewArchive(dir string, now func() time.Time) *Archive { return &Archive{dir: dir, now: now} }

// Append writes the objects to the end of the kind's file. When it returns nil they
// survive a power loss; after an error the file has none of them.
func (a *Archive) Append(kind string, objects ...any) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, o := range objects {
		if err := encoder.Encode(o); err != nil {
			return fmt.Errorf("encode for the archive: %w", err)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.write(kind+"-"+a.now().UTC().Format("2006-01")+".jsonl", lines.Bytes()); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

func (a *Archive) write(name string, lines []byte) (err error) {
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(a.dir, name), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // G304: the operator names the folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err = f.Write(lines); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(end)) // half a line would spoil the next one
	}
	return nil
}
