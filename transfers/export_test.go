package transfers

import (
	"context"

	"github.com/latchkey/latchkey/keys"
)

// Follow is one step of a transfer.
func (t *Service) Follow(ctx context.Context, account *keys.ServiceAccount) (int, error) {
	return t.follow(ctx, account)
}
