package api

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"

	"github.com/latchkey/latchkey/api/browse"
	"github.com/latchkey/latchkey/errs"
)

//go:embed docs
var docsPages embed.FS

// docsPolicy lets the reference page load its own files and call this server, and
// nothing else. Swagger UI draws its icons from data: URLs.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDocs serves the contract and a reference page that can try it out.
func (a *API) mountDocs(g *gin.RouterGroup) {
	both(g, http.MethodGet, "/openapi.yaml", a.openapi)
	both(g, http.MethodGet, "/docs", a.docsPage("index.html", "text/html; charset=utf-8"))
	g.GET("/docs/start.js", a.docsPage("start.js", "text/javascript; charset=utf-8"))
	g.GET("/docs/docs.css", a.docsPage("docs.css", "text/css; charset=utf-8"))
	g.GET("/docs/assets/:file", a.docsAsset)
	g.GET(browse.StylePath, a.style)
}

func (a *API) openapi(c *gin.Context) {
	c.Header("Cache-Control", "no-cache")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, "application/yaml", a.Document)
}

func (a *API) docsPage(name, kind string) gin.HandlerFunc {
	return func(c *gin.Context) {
		page, err := docsPages.ReadFile("docs/" + name)
		if err != nil {
			a.render(c, err)
			return
		}
		c.Header("Content-Security-Policy", docsPolicy)
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Referrer-Policy", "same-origin")
		c.Header("Cache-Control", "no-cache")
		c.Data(http.StatusOK, kind, page)
	}
}

// docsAsset serves a file of Swagger UI, which its module ships compressed.
func (a *API) docsAsset(c *gin.Context) {
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
	name := c.Param("file")
	file, err := fs.ReadFile(static.FS, name+".gz")
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" || strings.Contains(name, "/") {
		a.render(c, errs.New(errs.NotFound, "no_file"))
		return
	}
	c.Header("Content-Encoding", "gzip")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "public, max-age=86400")
	c.Data(http.StatusOK, kind, file)
}
