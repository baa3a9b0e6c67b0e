package web

import (
	"encoding/csv"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/httpx"
)

// export streams a file of lines in parts, starting as soon as the first is
// there. If a later part fails it cuts the connection, so that nobody mistakes
// the file for complete.
func (p *site) export(c *gin.Context, name string, head []string, part func() (lines [][]string, more bool, err error)) error {
	w := csv.NewWriter(c.Writer)
	for sent := false; ; sent = true {
		lines, more, err := part()
		if err != nil && !sent {
			return err
		}
		if !sent {
			c.Header("Content-Type", "text/csv; charset=utf-8")
			c.Header("Content-Disposition", `attachment; filename="`+name+`.csv"`)
			lines = append([][]string{head}, lines...)
		}
		if err == nil {
			err = w.WriteAll(lines)
		}
		if err != nil {
			p.Edge.Log(c, http.StatusInternalServerError, err, c.Writer.Header().Get(httpx.RequestIDHeader))
			panic(http.ErrAbortHandler)
		}
		c.Writer.Flush()
		if !more {
			return nil
		}
	}
}
