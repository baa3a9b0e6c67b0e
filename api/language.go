package api

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
)

// language returns the catalogue in the caller's language: the one the user
// chose, or the best match for Accept-Language. Answers outside the management
// API are for programs and always English.
func language(c *gin.Context) *texts.Catalogue { return languageOf(c, principal(c)) }

func languageOf(c *gin.Context, p *auth.Principal) *texts.Catalogue {
	if !isAPI(c.Request.URL.Path) {
		return texts.In(texts.English)
	}
	return auth.CatalogueFor(p, c.GetHeader("Accept-Language"))
}

// varies sets Vary to the headers that the answer depends on.
func varies(c *gin.Context) {
	by := "Accept, Cookie"
	if isAPI(c.Request.URL.Path) {
		by = "Accept, Accept-Language, Cookie"
	}
	c.Header("Vary", by)
}

// spoken returns the catalogue for the answer and sets Content-Language to its
// language. Outside the management API it sets nothing.
func spoken(c *gin.Context) *texts.Catalogue {
	say := language(c)
	if isAPI(c.Request.URL.Path) {
		c.Header("Content-Language", say.Language())
	}
	return say
}
