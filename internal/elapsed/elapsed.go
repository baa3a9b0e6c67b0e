// Package elapsed measures how much time has passed, including sleep of the
// machine if the system counts it. On Linux, Go's own monotonic clock stops
// during sleep.
package elapsed
