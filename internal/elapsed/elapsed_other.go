//go:build !linux

package elapsed

import "time"

var began = time.Now()

// Now returns the time since the process was started, by Go's monotonic clock.
func Now() time.Duration { return time.Since(began) }
