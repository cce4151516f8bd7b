package real

import (
	"context"
	"os/exec"
	"path/filepath"
	"time"
)

// accelerator is what qemu runs guests with: "kvm" where it works, else "tcg", which emulates every instruction. That
// /dev/kvm is there says little (inside a virtual machine guests may start and never get anywhere), so a kernel is booted
// without a disk: it panics, and that ends qemu.
func accelerator(ctx context.Context, image string) string {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	err := exec.CommandContext(ctx, "qemu-system-x86_64", "-machine", "q35,accel=kvm", "-cpu", "max", "-m", "256",
		"-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot",
		"-kernel", filepath.Join(image, "vmlinuz"), "-append", "panic=-1").Run()
	if err != nil {
		return "tcg"
	}
	return "kvm"
}
