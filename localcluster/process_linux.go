package localcluster

import "syscall"

// ownGroup puts a child into its own process group, so that a terminal's Ctrl-C reaches it through its owner only, and
// has the kernel kill it when the owner dies without a chance to clean up.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
