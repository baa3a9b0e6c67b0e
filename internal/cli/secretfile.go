package cli

import (
	"errors"
	"os"
	"path/filepath"
)

// spare is how much room newSecretFile makes sure of, in bytes.
const spare = 4096

// secretFile replaces a file with one that only its owner can read. It takes its room
// on the disk before there is anything to write: what cannot be stored is not made.
type secretFile struct {
	path string // symbolic links resolved: the file behind a link is replaced, not the link
	temp *os.File
}

// newSecretFile prepares to replace the file at the path.
func newSecretFile(path string) (_ *secretFile, err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".latchkey-*") // of mode 0600
	if err != nil {
		return nil, err
	}
	f := &secretFile{path, temp}
	return f, f.reserve(0)
}

// reserve makes sure of room for so many bytes.
func (f *secretFile) reserve(n int) error {
	if _, err := f.temp.WriteAt(make([]byte, n+spare), 0); err != nil {
		return errors.Join(err, f.drop())
	}
	if err := f.temp.Sync(); err != nil { // some file systems find room only now
		return errors.Join(err, f.drop())
	}
	return nil
}

// commit writes the text and replaces the file.
func (f *secretFile) commit(text []byte) error {
	if _, err := f.temp.WriteAt(text, 0); err != nil {
		return errors.Join(err, f.drop())
	}
	if err := f.temp.Truncate(int64(len(text))); err != nil {
		return errors.Join(err, f.drop())
	}
	if err := f.temp.Sync(); err != nil {
		return errors.Join(err, f.drop())
	}
	if err := f.temp.Close(); err != nil {
		return errors.Join(err, os.Remove(f.temp.Name()))
	}
	if err := os.Rename(f.temp.Name(), f.path); err != nil {
		return errors.Join(err, os.Remove(f.temp.Name()))
	}
	return nil
}

// drop forgets what was prepared.
func (f *secretFile) drop() error { return errors.Join(f.temp.Close(), os.Remove(f.temp.Name())) }
