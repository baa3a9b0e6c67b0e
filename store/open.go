package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/latchkey/latchkey/store/sqlite"
)

// Open opens the database that the URL names.
func Open(ctx context.Context, url string) (Store, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sqlite.Open(ctx, path)
	}
	return nil, fmt.Errorf("unknown database")
}
