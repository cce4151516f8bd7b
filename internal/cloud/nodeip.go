package cloud

import (
	_ "embed"
	"strings"
	"text/template"
)

// nodeIPScript finds, on the machine, the address that its node must register with: nobody knows it when the machine is
// ordered.
//
//go:embed nodeip.sh
var nodeIPScript string

// nodeIPUnit has the script run before each start of the kubelet.
const nodeIPUnit = `- path: /etc/systemd/system/kubelet.service.d/50-vpsie-node-ip.conf
  content: |
    [Service]
    ExecStartPre=/usr/local/sbin/vpsie-node-ip
- path: /usr/local/sbin/vpsie-node-ip
  permissions: "0755"
  content: |
`

// nodeIPCommand has a kubelet of the image's own start again with the address.
const nodeIPCommand = `{{if .NodeIP}}runcmd:
- [sh, -c, "systemctl daemon-reload; until /usr/local/sbin/vpsie-node-ip; do sleep 2; done; systemctl try-restart kubelet"]
{{end}}`

// NodeIPFiles are entries of cloud-init's write_files, beginning at the left margin, by which the kubelet registers with the
// address that NodeIP names; empty when that is empty.
func (u UserData) NodeIPFiles() (string, error) {
	if u.NodeIP == "" {
		return "", nil
	}
	t, err := template.New("nodeip.sh").Parse(nodeIPScript)
	if err != nil {
		return "", err
	}
	var script strings.Builder
	// Only these two: the rest of the user data is not the script's, and this method is called while that is rendered.
	if err := t.Execute(&script, map[string]string{"NodeIP": u.NodeIP, "VPCRange": u.VPCRange}); err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(nodeIPUnit)
	for line := range strings.Lines(script.String()) {
		if strings.TrimSpace(line) != "" {
			text.WriteString("    ")
		}
		text.WriteString(line)
	}
	return text.String(), nil
}
