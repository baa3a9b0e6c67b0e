package keys

// Settle waits until all that was verified so far can be found in the cache,
// which takes entries in a moment after they are loaded.
func (v *Verifier) Settle() {
	v.grants.known.Wait()
	v.grants.unknown.Wait()
}
