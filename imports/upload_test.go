package imports_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// settled waits until the import has ended.
func (w *world) settled(id string) imports.Import {
	w.T.Helper()
	for range 600 {
		n, err := w.Store.Imports().Get(w.T.Context(), id)
		w.Must(err)
		if n.State == imports.Done || n.State == imports.Failed {
			return n
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.T.Fatal("the import does not end")
	return imports.Import{}
}

// kept returns how many pages the store has, of rows that were uploaded and of problems.
func (w *world) kept(id string) (rows, problems int) {
	w.T.Helper()
	all, err := w.Store.ImportPages().List(w.T.Context(), keys.NoFilter{}, keys.Page{Limit: 1000})
	w.Must(err)
	for i := range all {
		switch {
		case !strings.HasPrefix(all[i].ID, id):
		case strings.Contains(all[i].ID, ".r"):
			rows++
		default:
			problems++
		}
	}
	return rows, problems
}

func TestUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := many(450) + `{"id":"weak","key":"aaaaaaaabbbbbbbb"}` + "\n" + `{"id":"ours","key":"` + clear(451) + `"}` + "\nnot JSON\n"
	o := imports.Options{Format: "jsonl", Organization: "Acme"}
	n, err := w.imports.Receive(t.Context(), w.Admin, o, "keys.jsonl", strings.NewReader(content))
	if err != nil || n.State != imports.Running || n.Rows != 3 || n.Count.Refused != 2 {
		t.Fatalf("%+v, %v", n, err)
	}
	done := w.settled(n.ID)
	if done.State != imports.Done || done.Count.Imported != 451 || done.Count.Refused != 2 || done.Total != 453 || done.Percent() != 100 {
		t.Errorf("%+v", done)
	}
	w.Want(clear(451), verify.Valid)
	w.imports.Close() // once it has deleted the rows
	if rows, problems := w.kept(n.ID); rows != 0 || problems != 1 {
		t.Errorf("%d pages of rows and %d of problems are kept", rows, problems)
	}
	member := keystest.Member(keys.FirstOrganization, auth.Owner)
	if _, err := w.imports.Receive(t.Context(), member, o, "", strings.NewReader(content)); !errors.Is(err, errs.Forbidden) {
		t.Errorf("as an owner: %v", err)
	}
}

// TestUploadHoldsNoKeys looks at what is stored between the upload and the import.
func TestUploadHoldsNoKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imports.Close() // so that nobody imports
	body := strings.NewReader(`{"id":"a","key":"` + clear(1) + `"}`)
	n, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, "", body)
	w.Must(err)
	page, err := w.Store.ImportPages().Get(t.Context(), n.ID+".r000000")
	w.Must(err)
	if len(page.Rows) != 1 || strings.Contains(asJSON(t, page), clear(1)[8:20]) {
		t.Errorf("%d rows", len(page.Rows))
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var errCut = errors.New("cut off")

func TestUploadThatIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := io.MultiReader(strings.NewReader(many(300)), failing{})
	if _, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, "", body); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	all, err := w.Store.Imports().List(t.Context(), keys.NoFilter{}, keys.Page{Limit: 2})
	if err != nil || len(all) != 1 || all[0].State != imports.Failed {
		t.Fatalf("%+v, %v", all, err)
	}
	if rows, _ := w.kept(all[0].ID); rows != 0 {
		t.Errorf("%d pages of rows are kept", rows)
	}
	w.Want(clear(1), verify.Malformed)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }

// TestAnotherNodeContinues: the node that took the upload is gone.
func TestAnotherNodeContinues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imports.Close()
	n, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, "", strings.NewReader(many(250)))
	w.Must(err)
	other := w.service()
	w.Must(other.Resume(t.Context()))
	if now, err := w.Store.Imports().Get(t.Context(), n.ID); err != nil || now.State != imports.Running {
		t.Fatalf("%+v, %v", now, err)
	}
	w.Advance(time.Minute)
	w.Must(other.Resume(t.Context()))
	if done := w.settled(n.ID); done.State != imports.Done || done.Count.Imported != 250 {
		t.Errorf("%+v", done)
	}
}

// TestCommandThatIsGone: its files are nowhere else, so its record is closed.
func TestCommandThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := imports.Import{Stamp: keys.NewStamp(w.Now()), ID: imports.NewID(), State: imports.Running}
	w.Must(w.Store.Imports().Insert(t.Context(), n))
	w.Advance(time.Minute)
	w.Must(w.imports.Resume(t.Context()))
	if done := w.settled(n.ID); done.State != imports.Failed || done.Fault.Code != "import_interrupted" {
		t.Errorf("%+v", done)
	}
}

// TestUploadThatIsSlowStaysHere: its record says that somebody works on it.
func TestUploadThatIsSlowStaysHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := w.slowly(w.service(), wide(500), 20*time.Second)
	n, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, "", body)
	if err != nil {
		t.Fatalf("taken while it is received: %v", err)
	}
	if done := w.settled(n.ID); done.State != imports.Done || done.Node != n.Node {
		t.Errorf("%+v", done)
	}
}

// slowly returns a reader that takes a time for each MiB of the text, while a node looks
// for imports to take.
func (w *world) slowly(node *imports.Service, text string, each time.Duration) io.Reader {
	all := strings.NewReader(text)
	return readerFunc(func(b []byte) (int, error) {
		w.Advance(each)
		w.Must(node.Resume(w.T.Context()))
		return all.Read(b)
	})
}

// wide is many with 8 KiB on each line.
func wide(n int) string {
	return strings.ReplaceAll(many(n), "}", `,"metadata":{"a":"`+strings.Repeat("x", 8<<10)+`"}}`)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestRowsBeyondTheRecordAreDropped: the node ended after it stored a page.
func TestRowsBeyondTheRecordAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := imports.Import{Stamp: keys.NewStamp(w.Now()), ID: imports.NewID(), State: imports.Receiving, Rows: 1}
	w.Must(w.Store.Imports().Insert(t.Context(), n))
	for i := range 3 {
		w.Must(w.Store.ImportPages().Insert(t.Context(), imports.Page{Stamp: keys.NewStamp(w.Now()), ID: fmt.Sprintf("%s.r%06d", n.ID, i)}))
	}
	w.Advance(time.Minute)
	w.Must(w.imports.Resume(t.Context()))
	if rows, _ := w.kept(n.ID); rows != 0 {
		t.Errorf("%d pages of rows are kept", rows)
	}
}

// saved waits until the only import is stored as of now.
func (w *world) saved() {
	for range 600 {
		all, err := w.Store.Imports().List(w.T.Context(), keys.NoFilter{}, keys.Page{Limit: 2})
		w.Must(err)
		if len(all) == 1 && !all[0].UpdatedAt.Before(keys.Moment(w.Now())) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.T.Error("the import that reads is not stored")
}

// TestCommandIsAliveWhileItReads: another node would close its record.
func TestCommandIsAliveWhileItReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.service()
	file := source.File{Name: "keys.jsonl", Open: func() (io.ReadCloser, error) {
		text := strings.NewReader(many(500))
		return io.NopCloser(readerFunc(func(b []byte) (int, error) {
			w.Advance(12 * time.Second)
			w.saved() // by a caller that waits
			w.Must(other.Resume(t.Context()))
			return text.Read(b[:min(len(b), 20<<10)])
		})), nil
	}}
	done, err := w.imports.Files(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, []source.File{file}, imports.Follow{})
	if err != nil || done.Count.Imported != 500 {
		t.Errorf("%+v, %v", done.Count, err)
	}
}
