package usage

// Waiting is how many counters wait to be drained.
func (m *Meter) Waiting() int { return int(m.length.Load()) }

// Waiting is how many rows are not in pages yet.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rows()
}
