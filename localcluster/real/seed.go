package real

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// writeSeed writes the disk by which cloud-init gets the machine's name, network and user data (cloud-init: NoCloud).
// setup is shell for the first boot; it travels as vendor data, so that the user data is exactly what was ordered.
func writeSeed(ctx context.Context, file string, m vpsietest.Machine, setup string) error {
	dir, err := os.MkdirTemp(filepath.Dir(file), "seed-")
	if err != nil {
		return fmt.Errorf("making a seed: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	setup = fmt.Sprintf("exec >/dev/ttyS0 2>&1\nset -x\necho %s %s >>/etc/hosts\n%s", hostInside, Host, setup)
	vendor, err := json.Marshal(map[string]any{"bootcmd": [][]string{{"cloud-init-per", "instance", "setup", "sh", "-c", setup}}})
	if err != nil {
		return fmt.Errorf("making a seed: %w", err)
	}
	// A fixed address saves the minute that asking for one takes.
	networkConfig := fmt.Sprintf(`version: 1
config:
- type: physical
  name: eth0
  subnets: [{type: static, address: %s/24, gateway: %s}]
`, m.IPv4, hostInside)
	files := map[string]string{
		"user-data":      m.UserData,
		"vendor-data":    "#cloud-config\n" + string(vendor),
		"meta-data":      fmt.Sprintf("instance-id: %s\nlocal-hostname: %s\n", m.Identifier, m.Hostname),
		"network-config": networkConfig,
	}
	args := []string{"-quiet", "-output", file, "-volid", "cidata", "-joliet", "-rock"}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return fmt.Errorf("making a seed: %w", err)
		}
		args = append(args, path)
	}
	return run(ctx, "genisoimage", args...)
}
