package keys

import "context"

// Follow is one step of a transfer.
func (t *Transfers) Follow(ctx context.Context, account *ServiceAccount) (int, error) {
	return t.follow(ctx, account)
}
