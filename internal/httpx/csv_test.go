package httpx_test

import (
	"testing"

	"github.com/latchkey/latchkey/internal/httpx"
)

func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "key_a": "key_a", "invoices:*": "invoices:*", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x",
		"\t=1": "'\t=1", "\r": "'\r",
	} {
		if got := httpx.CSVCell(cell); got != want {
			t.Errorf("%q became %q", cell, got)
		}
	}
}
