package auth

// LongestName returns the length of the longest name that tries are kept under.
func (d *Delays) LongestName() (longest int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range d.seen.Keys() {
		longest = max(longest, len(name))
	}
	return longest
}

// Remembered returns how many names are kept.
func (d *Delays) Remembered() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen.Len()
}

// Occupy takes every place for hashing until leave is called.
func (p *Passwords) Occupy() (leave func()) {
	for range cap(p.places) {
		p.places <- struct{}{}
	}
	return func() {
		for range cap(p.places) {
			<-p.places
		}
	}
}
