// Package latchkeygin lets requests into a Gin API whose key Latchkey finds
// valid. What it does is that of package guard.
package latchkeygin

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/client/guard"
)

// Require returns middleware that lets in whoever has a valid key with all of
// the scopes. A preflight of CORS has no key: put CORS before it.
func Require(g *guard.Guard, scopes ...string) gin.HandlerFunc {
	need := guard.Need{Scopes: scopes}
	return RequireFunc(g, func(*gin.Context) guard.Need { return need })
}

// RequireFunc returns middleware that asks the function what each request needs,
// such as by its Context.FullPath.
func RequireFunc(g *guard.Guard, needs func(*gin.Context) guard.Need) gin.HandlerFunc {
	return func(c *gin.Context) {
		d := g.Decide(c.Request.Context(), guard.CallerOf(c.Request), needs(c))
		if !d.Allowed {
			c.Abort()
			d.Write(c.Writer)
			return
		}
		d.SetHeader(c.Writer.Header())
		if d.Known {
			c.Request = c.Request.WithContext(guard.WithIdentity(c.Request.Context(), d.Verdict))
		}
		c.Next()
	}
}

// Identity returns whose key the request has. It is false outside of the
// middleware, for what is public, and where the guard failed open.
func Identity(c *gin.Context) (client.Verdict, bool) { return guard.Identity(c.Request.Context()) }
