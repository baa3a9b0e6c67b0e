// Package latchkeygin is Gin middleware that admits requests whose key Latchkey
// verifies. It works as package guard does.
package latchkeygin

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/client/guard"
)

// Require returns middleware that admits requests with a valid key that has all
// of the scopes. A CORS preflight has no key, so CORS middleware must come first.
func Require(g *guard.Guard, scopes ...string) gin.HandlerFunc {
	need := guard.Need{Scopes: scopes}
	return RequireFunc(g, func(*gin.Context) guard.Need { return need })
}

// RequireFunc returns middleware that calls needs for what each request needs,
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

// Identity returns the verdict on the request's key. It is false outside the
// middleware, for public requests, and if the guard failed open.
func Identity(c *gin.Context) (client.Verdict, bool) { return guard.Identity(c.Request.Context()) }
