package api

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
)

// language is the catalogue for the caller: in the language that the user chose,
// or that Accept-Language names. Answers outside the management API are for
// programs, and always in English.
func language(c *gin.Context) *texts.Catalogue { return languageOf(c, principal(c)) }

func languageOf(c *gin.Context, p *auth.Principal) *texts.Catalogue {
	if !isAPI(c.Request.URL.Path) {
		return texts.In(texts.English)
	}
	return auth.CatalogueFor(p, c.GetHeader("Accept-Language"))
}

// varies says what the answer depends on beside its URL.
func varies(c *gin.Context) {
	by := "Accept, Cookie"
	if isAPI(c.Request.URL.Path) {
		by = "Accept, Accept-Language, Cookie"
	}
	c.Header("Vary", by)
}

// spoken returns the catalogue for the sentences of the answer, and says which
// language they are in. Outside of the management API that goes without saying.
func spoken(c *gin.Context) *texts.Catalogue {
	say := language(c)
	if isAPI(c.Request.URL.Path) {
		c.Header("Content-Language", say.Language())
	}
	return say
}
