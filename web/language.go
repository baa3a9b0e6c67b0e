package web

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
)

// catalogueKey is where a request has its reader's catalogue, once it is known
// who reads: a page asks for dozens of texts.
const catalogueKey = "catalogue"

// language is the catalogue for the reader: of the language that they chose, or
// that their browser asks for.
func (p *site) language(c *gin.Context) *texts.Catalogue {
	if say, is := c.Get(catalogueKey); is {
		return say.(*texts.Catalogue)
	}
	return languageOf(c, principal(c))
}

func languageOf(c *gin.Context, who *auth.Principal) *texts.Catalogue {
	return auth.CatalogueFor(who, c.GetHeader("Accept-Language"))
}

// onPage is what is wrong in the reader's language, as pages tell it.
func (p *site) onPage(c *gin.Context) *texts.PageFaults { return p.language(c).OnPage() }

// languages are what a user may choose, each by its own name.
func (p *site) languages(c *gin.Context) []option {
	all := []option{{"", p.say(c, "me.language_auto")}}
	for _, tag := range texts.Languages() {
		all = append(all, option{tag, texts.In(tag).Text("form.language")})
	}
	return all
}

// reading notes the reader's language once it is known who they are: for the page,
// and for mails that the request causes.
func (p *site) reading(c *gin.Context) {
	say := languageOf(c, principal(c))
	c.Set(catalogueKey, say)
	c.Request = c.Request.WithContext(auth.WithLanguage(c.Request.Context(), say.Language()))
}

// spoken marks the answer as one in the language.
func spoken(c *gin.Context, say *texts.Catalogue) {
	c.Header("Content-Language", say.Language())
	c.Writer.Header()["Vary"] = []string{"Accept-Language", "Cookie"} // the cookie tells who reads, and so what they chose
}

// say is the text in the reader's language, or "" if it does not exist.
func (p *site) say(c *gin.Context, name string) string { return p.language(c).Text(name) }

// with is the text with the values in it, or "" if it does not exist.
func (p *site) with(c *gin.Context, name string, values ...any) string {
	said, _ := p.language(c).Say(name, values...)
	return said
}
