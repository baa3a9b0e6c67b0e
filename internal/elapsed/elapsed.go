// Package elapsed measures how much time has passed, including time in which the machine
// slept, if the system counts it. On Linux, Go's own monotonic clock stops during sleep.
package elapsed
