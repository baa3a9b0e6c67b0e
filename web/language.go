package web

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/texts"
)

// language is the catalogue for the reader: of the language that they chose, or
// that their browser asks for.
func (p *site) language(c *gin.Context) *texts.Catalogue {
	if u := principal(c).User; u != nil && u.Language != "" {
		return texts.In(u.Language)
	}
	return texts.Accepted(c.GetHeader("Accept-Language"))
}

// spoken marks the answer as one in the reader's language, and returns its tag.
func (p *site) spoken(c *gin.Context) string {
	tag := p.language(c).Language()
	c.Header("Content-Language", tag)
	c.Writer.Header()["Vary"] = []string{"Accept-Language", "Cookie"} // the cookie tells who reads, and so what they chose
	return tag
}

// say is the text in the reader's language, "" where there is none.
func (p *site) say(c *gin.Context, name string) string { return p.language(c).Text(name) }

// with is the text with the values in it, "" where there is none.
func (p *site) with(c *gin.Context, name string, values ...any) string {
	said, _ := p.language(c).Say(name, values...)
	return said
}
