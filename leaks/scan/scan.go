// Package scan finds keys in files, git histories and streams, offline: the checksum
// tells a key from what only looks like one. Nothing that it returns or reports holds a
// whole key.
package scan

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/latchkey/latchkey/keys"
)

// Finding is a key, and where it is.
type Finding struct {
	Path   string `json:"path"`             // "-" for a stream
	Line   int    `json:"line,omitempty"`   // 0 in a history, where commits move lines
	Commit string `json:"commit,omitempty"` // that added it, in a history
	Start  string `json:"start"`
	Last4  string `json:"last4"`
}

// Scanner finds keys and users' tokens of a brand.
type Scanner struct {
	Format keys.Format
	// Found is called for each key, in order. An error ends the scan.
	Found func(Finding) error
	// Fault is called for what cannot be read; the scan goes on.
	Fault func(error)
}

const (
	bufferSize = 64 << 10
	shownEnds  = 4
	randomLen  = 43 + 6 // with the checksum
)

// length is that of a whole key.
func (s *Scanner) length() int { return len(s.Format.Prefix(keys.Live)) + randomLen }

// Path scans a file, or all files below a folder but git's own. It follows no symbolic
// links below the folder.
func (s *Scanner) Path(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.Fault(err)
			return nil
		case entry.IsDir() && entry.Name() == ".git" && path != root:
			return filepath.SkipDir
		case !entry.Type().IsRegular() && path != root, entry.IsDir():
			return nil
		}
		return s.file(ctx, path)
	})
}

func (s *Scanner) file(ctx context.Context, path string) error {
	f, err := os.Open(path) //nolint:gosec // G304: whoever runs the command names the path
	if err != nil {
		s.Fault(err)
		return nil
	}
	defer func() { _ = f.Close() }()
	return s.Stream(ctx, path, f)
}

// Stream scans what the reader has, under the name.
func (s *Scanner) Stream(ctx context.Context, name string, r io.Reader) error {
	err := s.lines(ctx, r, func(part []byte, line int, _ bool) error {
		return s.part(part, Finding{Path: name, Line: line})
	})
	if failed := (*readError)(nil); errors.As(err, &failed) {
		s.Fault(fmt.Errorf("%s: %w", name, failed.err))
		return nil
	}
	return err
}

// readError is an error of the reader, not of who is told of findings.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// lines calls do with each line, or with parts of a long one that overlap so that no key
// is cut; first is set for the part that begins a line.
func (s *Scanner) lines(ctx context.Context, r io.Reader, do func(part []byte, line int, first bool) error) error {
	buffered := bufio.NewReaderSize(r, bufferSize)
	line, first := 1, true
	var part []byte
	for {
		read, err := buffered.ReadSlice('\n')
		part = append(part, read...)
		if len(read) > 0 {
			if err := errors.Join(ctx.Err(), do(part, line, first)); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
			part, first = part[:0], true
			line++
		case errors.Is(err, bufio.ErrBufferFull):
			kept := min(len(part), s.length()-1)
			part, first = append(part[:0], part[len(part)-kept:]...), false
		case errors.Is(err, io.EOF):
			return nil
		default:
			return &readError{err}
		}
	}
}

// part reports the keys in the text.
func (s *Scanner) part(text []byte, at Finding) error {
	brand, length := []byte(s.Format.Brand()+"_"), s.length()
	for {
		i := bytes.Index(text, brand)
		if i < 0 || len(text)-i < length {
			return nil
		}
		key := string(text[i : i+length])
		if s.Format.Check(key) != nil && s.Format.CheckToken(key) != nil {
			text = text[i+1:]
			continue
		}
		at.Start, at.Last4 = key[:length-randomLen+shownEnds], key[length-shownEnds:]
		if err := s.Found(at); err != nil {
			return err
		}
		text = text[i+length:]
	}
}

// History scans what the commits of a git repository added, on all branches. It runs
// git.
func (s *Scanner) History(ctx context.Context, repository string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	args := []string{
		"-C", repository, "log", "--all", "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--text", "--no-renames",
		"--format=" + commitMark + "%H",
	}
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // G204: git, in a folder that whoever runs the command names
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		s.Fault(fmt.Errorf("run git: %w", err))
		return nil
	}
	scanned := s.patches(ctx, out)
	if scanned != nil {
		cancel()
	}
	if err := cmd.Wait(); err != nil && scanned == nil {
		s.Fault(fmt.Errorf("git log in %s: %w %s", repository, err, strings.TrimSpace(said.String())))
	}
	return scanned
}

// commitMark begins the line that names a commit. No line of a patch begins so.
const commitMark = "\x01commit "

// patches reads the output of git log.
func (s *Scanner) patches(ctx context.Context, r io.Reader) error {
	at, added := Finding{}, false
	return s.lines(ctx, r, func(part []byte, _ int, first bool) error {
		if first {
			switch {
			case bytes.HasPrefix(part, []byte(commitMark)):
				at.Commit = strings.TrimSpace(string(part[len(commitMark):]))
			case bytes.HasPrefix(part, []byte("+++ ")):
				at.Path = strings.TrimPrefix(strings.TrimSpace(string(part[len("+++ "):])), "b/")
			}
			added = len(part) > 0 && part[0] == '+'
		}
		if !added {
			return nil
		}
		return s.part(part, at)
	})
}
