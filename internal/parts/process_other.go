//go:build !linux

package parts

import (
	"os"
	"os/exec"
)

// bindLife does nothing: only Linux can end a child with its parent.
func bindLife(*exec.Cmd) {}

// endWithTerm does nothing, like bindLife.
func endWithTerm(*exec.Cmd) {}

// killTree kills only the process.
func killTree(process *os.Process) error { return process.Kill() }
