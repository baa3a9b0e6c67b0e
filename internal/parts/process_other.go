//go:build !linux

package parts

import (
	"os"
	"os/exec"
)

// bindLife does nothing: only Linux ends a child with its parent.
func bindLife(*exec.Cmd) {}

// endWithTerm does nothing, as bindLife.
func endWithTerm(*exec.Cmd) {}

// killTree kills the process alone.
func killTree(process *os.Process) error { return process.Kill() }
