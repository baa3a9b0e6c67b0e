//go:build unix

package server

import "syscall"

// mostFiles returns how many files and connections the process may have open, 0
// if unknown.
func mostFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<30))
}
