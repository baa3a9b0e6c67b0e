package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/verify"
)

const csvType = "text/csv"

// sendCSV answers a report as CSV: a line per point, a column per code.
func sendCSV(c *gin.Context, report *client.UsageReport) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"start", "group", "total"}
	for _, code := range verify.Codes() {
		head = append(head, string(code))
	}
	lines := [][]string{head}
	for i := range report.Items {
		lines = append(lines, csvLine(&report.Items[i]))
	}
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	c.Header("Content-Disposition", `attachment; filename="usage.csv"`)
	c.Data(http.StatusOK, csvType+"; charset=utf-8", b.Bytes())
	return nil
}

func csvLine(p *client.UsagePoint) []string {
	group := ""
	if p.Group != nil {
		group = httpx.CSVCell(*p.Group)
	}
	line := []string{p.Start.Format(time.RFC3339), group, strconv.FormatUint(p.Total, 10)}
	for _, code := range verify.Codes() {
		line = append(line, strconv.FormatUint(p.Codes[string(code)], 10))
	}
	return line
}
