package api

import (
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/exports"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// Media types of JSON Lines: the one in use, and an older one.
const (
	linesType    = "application/jsonl"
	oldLinesType = "application/x-ndjson"
)

const exportPath = "/api/export"

// importHandlers serve imports, and the export.
type importHandlers struct {
	edge    *httpx.Edge
	exports *exports.Service
	imports *imports.Service
	most    int64 // bytes of an upload
}

func (h *importHandlers) routes() []route {
	staff := auth.IsAdminUser()
	return []route{
		{"GET", "/api/imports", staff, h.listImports, guarded, nil},
		{"POST", "/api/imports", staff, h.createImport, guarded, nil},
		{"GET", "/api/imports/in-use", staff, h.getInUse, guarded, nil},
		{"GET", "/api/imports/:id", staff, h.getImport, guarded, nil},
		{"GET", exportPath, staff, h.getExport, guarded, nil},
	}
}

func (h *importHandlers) listImports(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]imports.Import, error) {
		return h.imports.List(c.Request.Context(), principal(c), p)
	}, func(n *imports.Import) client.Import { return importOut(c, n, nil) }, func(n *imports.Import) string { return n.ID })
}

func (h *importHandlers) getImport(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	page := q.Whole("page", 1, 1, math.MaxInt32)
	if err := q.Err(); err != nil {
		return err
	}
	found, err := h.imports.Import(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	some, err := h.imports.Problems(c.Request.Context(), principal(c), found.ID, int(page)-1)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, importOut(c, &found, some))
}

// createImport stores the uploaded rows and answers 202. The import runs afterwards.
func (h *importHandlers) createImport(c *gin.Context) error {
	o, err := importOptions(c.Request)
	if err != nil {
		return err
	}
	body, err := httpx.Upload(c.Writer, c.Request, h.most)
	if err != nil {
		return err
	}
	made, err := h.imports.Receive(c.Request.Context(), principal(c), o, "upload", body)
	if err != nil {
		return err
	}
	// What follows a fault that ends the file is read, too, since a client that is still
	// sending does not read the answer.
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	c.Header("Location", "/api/imports/"+made.ID)
	return answer(c, http.StatusAccepted, importOut(c, &made, nil))
}

// importOptions reads the query and the media type.
func importOptions(r *http.Request) (imports.Options, error) {
	q := httpx.NewQuery(r)
	o := imports.Options{
		Format: q.OneOf("format", imports.Uploaded()...), Organization: q.Typed("organization"), Tier: q.Text("tier"),
		AcceptWeak: q.Flag("accept_weak"), DryRun: q.Flag("dry_run"),
	}
	if list := q.Text("scopes"); list != "" {
		o.Scopes = strings.Split(list, ",")
		if len(o.Scopes) > keys.MaxScopes {
			q.Fault("scopes", "too_many")
		}
	}
	if err := q.Err(); err != nil {
		return o, err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	lines := kind == linesType || kind == oldLinesType
	switch {
	case err != nil || !lines && kind != csvType:
		return o, errs.New(errs.Unsupported, "content_type", "types", strings.Join([]string{linesType, oldLinesType, csvType}, " or "))
	case o.Format != "":
	case lines:
		o.Format = "jsonl"
	default:
		o.Format = "csv"
	}
	return o, nil
}

func (h *importHandlers) getInUse(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	u, err := h.imports.InUse(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	out := client.ImportsInUse{
		Keys: u.Keys, Used: u.Used, Unused: u.Unused, SourceDigests: u.Digests, Complete: u.Complete,
		ServiceAccounts: make([]client.ImportsInUseAccount, len(u.Accounts)),
	}
	for i, a := range u.Accounts {
		out.ServiceAccounts[i] = client.ImportsInUseAccount(a)
	}
	return answer(c, http.StatusOK, out)
}

// getExport streams. What fails once bytes are sent cuts the answer off, so that the client
// sees that it is not whole.
func (h *importHandlers) getExport(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	hashes := q.Flag("hashes")
	if err := q.Err(); err != nil {
		return err
	}
	to := httpx.NewDownload(c.Writer, linesType, "latchkey.jsonl")
	err := h.exports.Write(c.Request.Context(), principal(c), hashes, to)
	if err == nil || !to.Begun() {
		return err
	}
	if c.Request.Context().Err() == nil {
		h.edge.Log(c, http.StatusInternalServerError, err, c.Writer.Header().Get(httpx.RequestIDHeader))
	}
	panic(http.ErrAbortHandler)
}

func importOut(c *gin.Context, n *imports.Import, problems []imports.Problem) client.Import {
	in, o := language(c), &n.Options
	out := client.Import{
		ID: n.ID, State: string(n.State), Percent: n.Percent(), By: subjectOut(n.By), Format: o.Format, Files: slices.Clone(n.Files),
		Organization: textOut(o.Organization), Tier: textOut(o.Tier), Scopes: slices.Clone(o.Scopes), AcceptWeak: o.AcceptWeak, DryRun: o.DryRun,
		Total: n.Total, Renamed: make([]client.ImportRenamed, len(n.Renamed)), Noted: make([]client.ImportNoted, len(n.Noted)),
		Pages: n.Pages, Problems: make([]client.ImportProblem, len(problems)), FinishedAt: timeOut(n.FinishedAt), Stamps: stamps(&n.Stamp),
		Count: client.ImportCount{
			Imported: n.Count.Imported, Unchanged: n.Count.Unchanged, Refused: n.Count.Refused, Weak: n.Count.Weak, Slow: n.Count.Slow,
			Organizations: n.Count.Organizations, ServiceAccounts: n.Count.Accounts, Scopes: n.Count.Scopes,
		},
	}
	if out.Files == nil {
		out.Files = []string{}
	}
	if out.Scopes == nil {
		out.Scopes = []string{}
	}
	for i, r := range n.Renamed {
		out.Renamed[i] = client.ImportRenamed(r)
	}
	for i, one := range n.Noted {
		out.Noted[i] = client.ImportNoted{Code: one.Note.Code, Detail: one.Note.In(in), Place: one.Place, Rows: one.Rows}
	}
	if !n.Fault.IsZero() {
		out.Fault = &client.ImportFault{Code: n.Fault.Code, Detail: n.Fault.In(in)}
	}
	for i, p := range problems {
		out.Problems[i] = client.ImportProblem{Place: p.Place.String(), ID: p.ID, Field: p.Field, Code: p.Fault.Code, Detail: p.Fault.In(in)}
	}
	return out
}
