package verify

// Settle returns when the cache has taken in what it was told: it does so behind
// the answer, and a question that comes before then is loaded once more.
func (v *Verifier) Settle() {
	v.grants.known.Wait()
	v.grants.unknown.Wait()
}

// FillSlowQueue takes every place in the queue for slow digests.
func (v *Verifier) FillSlowQueue() {
	for range cap(v.grants.slow.waiting) {
		v.grants.slow.waiting <- struct{}{}
	}
}
