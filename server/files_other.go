//go:build !unix

package server

// mostFiles is how many files and connections the process may have open, 0 if
// that is not known.
func mostFiles() int { return 0 }
