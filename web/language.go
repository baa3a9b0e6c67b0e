package web

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
)

// catalogueKey is the context key of the reader's catalogue, set once the reader
// is known: a page looks up dozens of texts.
const catalogueKey = "catalogue"

// language returns the catalogue in the language that the reader chose, or else
// the one that their browser prefers.
func (p *site) language(c *gin.Context) *texts.Catalogue {
	if say, is := c.Get(catalogueKey); is {
		return say.(*texts.Catalogue)
	}
	return languageOf(c, principal(c))
}

func languageOf(c *gin.Context, who *auth.Principal) *texts.Catalogue {
	return auth.CatalogueFor(who, c.GetHeader("Accept-Language"))
}

// onPage returns the reader's catalogue with faults worded for pages.
func (p *site) onPage(c *gin.Context) *texts.PageFaults { return p.language(c).OnPage() }

// languages returns the languages that a user may choose, each by its own name.
func (p *site) languages(c *gin.Context) []option {
	all := []option{{"", p.say(c, "me.language_auto")}}
	for _, tag := range texts.Languages() {
		all = append(all, option{tag, texts.In(tag).Text("form.language")})
	}
	return all
}

// reading stores the reader's language once the reader is known. Pages use it,
// and so do mails that the request causes.
func (p *site) reading(c *gin.Context) {
	say := languageOf(c, principal(c))
	c.Set(catalogueKey, say)
	c.Request = c.Request.WithContext(auth.WithLanguage(c.Request.Context(), say.Language()))
}

// spoken sets the headers for an answer in the catalogue's language.
func spoken(c *gin.Context, say *texts.Catalogue) {
	c.Header("Content-Language", say.Language())
	c.Writer.Header()["Vary"] = []string{"Accept-Language", "Cookie"} // the cookie identifies the reader and so their language
}

// say returns the named text in the reader's language, or "" if there is none.
func (p *site) say(c *gin.Context, name string) string { return p.language(c).Text(name) }

// with returns the named text with the values filled in, or "" if there is none.
func (p *site) with(c *gin.Context, name string, values ...any) string {
	said, _ := p.language(c).Say(name, values...)
	return said
}
