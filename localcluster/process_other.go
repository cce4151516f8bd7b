//go:build !linux && !windows

package localcluster

import "syscall"

// ownGroup puts a child into its own process group, so that a terminal's Ctrl-C reaches it through its owner only. Only
// Linux can have a child killed with its owner: elsewhere a killed owner leaves its children behind.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
