package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// importPages move keys in from other systems.
type importPages struct{ *site }

func (p *importPages) mount(g *gin.RouterGroup) {
	g.GET("/provider/imports", p.staff(p.listImports))
	g.POST("/provider/imports", p.staff(p.uploadImport))
	g.GET("/provider/imports/in-use", p.staff(p.showInUse))
	g.GET("/provider/imports/:id", p.staff(p.showImport))
}

// importForm is the list of imports, with the form of an upload.
type importForm struct {
	Rows                               []imports.Import
	Next                               string
	Format, Organization, Tier, Scopes string
	AcceptWeak, DryRun                 bool
	Tiers                              []option
}

func (p *importPages) listImports(c *gin.Context) error {
	return p.importList(c, http.StatusOK, url.Values{}, nil)
}

func (p *importPages) importList(c *gin.Context, status int, v url.Values, wrong faults) error {
	found, err := p.Staff.Imports.List(c.Request.Context(), principal(c), keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	out := importForm{
		Format: v.Get("format"), Organization: v.Get("organization"), Tier: v.Get("tier"), Scopes: v.Get("scopes"),
		AcceptWeak: v.Get("accept_weak") != "", DryRun: v.Get("dry_run") != "", Tiers: []option{{"", p.say(c, "import.standard_tier")}},
	}
	out.Rows, out.Next = fullPage(found, func(n *imports.Import) string { return n.ID })
	tiers, err := p.Keys.Tiers(c.Request.Context(), keys.Page{Limit: mostChoices})
	for i := range tiers {
		out.Tiers = append(out.Tiers, option{tiers[i].Name, tiers[i].Title})
	}
	if err != nil {
		return err
	}
	return p.show(c, status, "staff-imports", view{Title: p.say(c, "staff.imports"), Faults: wrong, Data: out})
}

// uploadImport reads the form as a stream. Its fields come before its file.
func (p *importPages) uploadImport(c *gin.Context) error {
	body, err := httpx.Upload(c.Writer, c.Request, imports.MostUpload)
	if err != nil {
		return err
	}
	values := url.Values{}
	made, err := p.receive(c, body, values)
	// A browser that is still sending does not read the answer.
	if _, drained := io.Copy(io.Discard, body); err == nil {
		err = drained
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/imports/"+made.ID)
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		return p.importList(c, http.StatusUnprocessableEntity, values, wrong)
	}, "format", "organization", "tier", "scopes", "file")
}

func (p *importPages) receive(c *gin.Context, body io.Reader, values url.Values) (imports.Import, error) {
	kind, parameters, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return imports.Import{}, errs.New(errs.Unsupported, "content_type", "types", "multipart/form-data")
	}
	file, err := fieldsBefore("file", multipart.NewReader(body, parameters["boundary"]), values)
	if err != nil {
		return imports.Import{}, err
	}
	text.Form(values)
	o := imports.Options{
		Format: values.Get("format"), Organization: values.Get("organization"), Tier: values.Get("tier"),
		Scopes:     strings.FieldsFunc(values.Get("scopes"), func(r rune) bool { return r == ',' || r == ' ' }),
		AcceptWeak: values.Get("accept_weak") != "", DryRun: values.Get("dry_run") != "",
	}
	var f errs.Faults
	f.Check(slices.Contains(imports.Uploaded(), o.Format), "format", "not_one_of", "choices", imports.Uploaded())
	f.Check(len(o.Scopes) <= keys.MaxScopes, "scopes", "too_many")
	if err := f.Err(); err != nil {
		return imports.Import{}, err
	}
	return p.Staff.Imports.Receive(c.Request.Context(), principal(c), o, file.FileName(), file)
}

// mostField is how many bytes a field beside a file may have.
const mostField = 16 << 10

// fieldsBefore reads the fields of the form up to the part of that name, which it returns.
func fieldsBefore(name string, form *multipart.Reader, into url.Values) (*multipart.Part, error) {
	for range text.MostFields {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errs.BadField(name, "choose_file")
		case errors.As(err, new(*errs.Error)):
			return nil, err
		case err != nil:
			return nil, errs.New(errs.Invalid, "multipart_boundary")
		case part.FormName() == name && part.FileName() == "":
			return nil, errs.BadField(name, "choose_file")
		case part.FormName() == name:
			return part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, mostField))
		if err != nil {
			return nil, httpx.Unreadable(err, "body_cut_off")
		}
		into.Add(part.FormName(), string(value))
	}
	return nil, text.ErrManyFields
}

// importPage shows one import and a page of its problems.
type importPage struct {
	imports.Import
	Problems []imports.Problem
	Number   int // of the page of problems, from 1
	Before   int
	Behind   int // next page, 0: none
	Working  bool
	Percent  int
}

func (p *importPages) showImport(c *gin.Context) error {
	n, err := p.Staff.Imports.Import(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	out := importPage{
		Import: n, Number: max(1, pageNumber(c)), Percent: n.Percent(),
		Working: n.State == imports.Receiving || n.State == imports.Running,
	}
	if out.Problems, err = p.Staff.Imports.Problems(c.Request.Context(), principal(c), n.ID, out.Number-1); err != nil {
		return err
	}
	out.Before = out.Number - 1
	if out.Number < n.Pages {
		out.Behind = out.Number + 1
	}
	if out.Working {
		c.Header("Refresh", refreshSeconds)
	}
	return p.show(c, http.StatusOK, "staff-import", view{Title: p.say(c, "import.one"), Data: out})
}

// inUsePage counts the imported keys in use, by service account.
type inUsePage struct {
	imports.InUse
	Days  int
	Names names
}

func (p *importPages) showInUse(c *gin.Context) error {
	ctx, who := c.Request.Context(), principal(c)
	u, err := p.Staff.Imports.InUse(ctx, who)
	if err != nil {
		return err
	}
	out := inUsePage{InUse: u, Days: int(imports.RecentUse / (hoursOfDay * time.Hour)), Names: names{}}
	for _, a := range u.Accounts {
		p.organizationName(ctx, who, out.Names, a.OrganizationID)
	}
	return p.show(c, http.StatusOK, "staff-imports-in-use", view{Title: p.say(c, "import.in_use"), Data: out})
}
