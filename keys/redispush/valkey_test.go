//go:build valkey

package redispush

import (
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

func TestMarksReachOtherNodesThroughValkey(t *testing.T) {
	t.Parallel()
	reach(t, parts.Valkey(t).URL())
}
