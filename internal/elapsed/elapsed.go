// Package elapsed tells how much time has gone by, that in which the machine
// slept included where the system counts it. Go's own monotonic clock stands
// still meanwhile on Linux.
package elapsed
