//go:build race

package parts

// raceEnabled says that the tests run with the race detector.
const raceEnabled = true
