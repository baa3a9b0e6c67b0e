package keys

import "context"

// Follow is one step of a transfer.
func (t *Transfers) Follow(ctx context.Context, account *ServiceAccount) (int, error) {
	return t.follow(ctx, account)
}

// Settle returns when the cache has taken in what it was told: it does so behind
// the answer, and a question that comes before then is loaded once more.
func (v *Verifier) Settle() {
	v.grants.known.Wait()
	v.grants.unknown.Wait()
}
