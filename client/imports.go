package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
)

// ImportsService moves keys in from other systems, and everything out. It is for the
// provider's staff.
type ImportsService struct{ c *Client }

const (
	importsPath = "/api/imports"
	exportPath  = "/api/export"
)

// Create imports the keys of a file in JSON Lines or CSV. It returns when all rows are
// sent; the import continues: poll Get until the state is ImportDone or ImportFailed.
// Config.Timeout does not bound it, and it is not retried. A second upload of the same
// file changes nothing.
func (s *ImportsService) Create(ctx context.Context, file io.Reader, in CreateImport) (Import, error) {
	kind := "application/jsonl"
	if in.Format == "csv" {
		kind = "text/csv"
	}
	q := query{}.text("format", in.Format).text("organization", in.Organization).text("tier", in.Tier).
		text("scopes", strings.Join(in.Scopes, ","))
	if in.AcceptWeak {
		q = q.flag("accept_weak", Set(true))
	}
	if in.DryRun {
		q = q.flag("dry_run", Set(true))
	}
	var out Import
	r := request{
		method: "POST", path: importsPath, query: q.values(), header: http.Header{"Content-Type": {kind}}, out: &out,
	}
	if file == nil {
		return Import{}, r.misused("no file is given")
	}
	err := s.c.stream(ctx, &r, file, nil)
	return out, err
}

// List returns a page of imports without their problems, the newest first.
func (s *ImportsService) List(ctx context.Context, p Page) (List[Import], error) {
	return call[List[Import]](ctx, s.c, request{method: "GET", path: importsPath, query: p.query().values()})
}

// All yields all imports without their problems.
func (s *ImportsService) All(ctx context.Context) iter.Seq2[Import, error] {
	return walk(Page{}, func(p Page) (List[Import], error) { return s.List(ctx, p) })
}

// Get returns an import with a page of its problems; pages run from 1 to Import.Pages.
func (s *ImportsService) Get(ctx context.Context, id string, page int) (Import, error) {
	q := query{}.whole("page", page)
	return call[Import](ctx, s.c, request{method: "GET", path: importsPath + "/{id}", params: []string{id}, query: q.values()})
}

// InUse counts the imported keys in use, by service account.
func (s *ImportsService) InUse(ctx context.Context) (ImportsInUse, error) {
	return call[ImportsInUse](ctx, s.c, request{method: "GET", path: importsPath + "/in-use"})
}

// Export writes everything to the writer as JSON Lines, with the digests of keys and
// passwords if hashes is true. Config.Timeout does not bound it. After an error, what was
// written is not whole.
func (s *ImportsService) Export(ctx context.Context, to io.Writer, hashes bool) error {
	q := query{}
	if hashes {
		q = q.flag("hashes", Set(true))
	}
	accept := http.Header{"Accept": {"application/jsonl, application/problem+json"}}
	r := request{method: "GET", path: exportPath, query: q.values(), header: accept}
	if to == nil {
		return r.misused("no writer is given")
	}
	return s.c.stream(ctx, &r, nil, to)
}

func (r *request) misused(why string) error {
	return &Error{Kind: Misused, Operation: r.method + " " + r.path, Err: errors.New(why)}
}
