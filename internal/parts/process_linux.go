package parts

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// bindLife puts the command into a process group of its own, so that killTree reaches
// what it starts, and makes the kernel end it when its parent dies: a panic or a
// timeout of the test binary runs no cleanup. It keeps a signal that the caller has
// chosen for that.
func bindLife(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if cmd.SysProcAttr.Pdeathsig == 0 {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
}

// endWithTerm makes the kernel end the command by SIGTERM instead, for servers that
// must stop their own children.
func endWithTerm(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}

// killTree kills the process and every other one in its group.
func killTree(process *os.Process) error {
	err := syscall.Kill(-process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
