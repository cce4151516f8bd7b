package cloud

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// addressesOf is what `ip -4 -o address show scope global` prints.
func addressesOf(interfaces ...string) string {
	var b strings.Builder
	for _, i := range interfaces {
		name, address, _ := strings.Cut(i, " ")
		b.WriteString("2: " + name + "    inet " + address + " brd 0.0.0.0 scope global " + name + "\\       valid_lft forever preferred_lft forever\n")
	}
	return b.String()
}

// The script finds the machine's address of the kind that is wanted, writes it into the kubelet's arguments once, however
// often it runs, and fails while the machine does not have it.
func TestNodeIPScript(t *testing.T) {
	all := addressesOf("eth0 198.18.0.10/16", "docker0 172.17.0.1/16", "cni0 10.20.0.1/24", "eth1 10.64.0.10/16", "eth2 10.20.0.200/24")
	for name, tc := range map[string]struct {
		kind, vpc, addresses, file, want string
	}{
		"public":                     {"Public", "", all, "KUBELET_EXTRA_ARGS=--a=b", "KUBELET_EXTRA_ARGS=--node-ip=198.18.0.10 --a=b"},
		"of the VPC":                 {"VPC", "10.20.0.0/24", all, `KUBELET_EXTRA_ARGS="--a=b"`, `KUBELET_EXTRA_ARGS="--node-ip=10.20.0.200 --a=b"`},
		"private":                    {"Private", "10.20.0.0/24", all, "KUBELET_EXTRA_ARGS=", "KUBELET_EXTRA_ARGS=--node-ip=10.64.0.10 "},
		"private without a VPC":      {"Private", "", addressesOf("eth0 198.18.0.10/16", "eth1 192.168.3.4/24"), "", "KUBELET_EXTRA_ARGS=--node-ip=192.168.3.4 "},
		"another one than before":    {"VPC", "10.20.0.0/24", all, "KUBELET_EXTRA_ARGS=--node-ip=10.20.0.9 --a=b", "KUBELET_EXTRA_ARGS=--node-ip=10.20.0.200 --a=b"},
		"after other lines":          {"Public", "", all, "# of the image\nOTHER=1\nKUBELET_EXTRA_ARGS=--a", "# of the image\nOTHER=1\nKUBELET_EXTRA_ARGS=--node-ip=198.18.0.10 --a"},
		"a small VPC's neighbour":    {"VPC", "10.20.0.0/28", all, "KUBELET_EXTRA_ARGS=", ""},
		"a VPC that is not there":    {"VPC", "10.20.0.0/24", addressesOf("eth0 198.18.0.10/16"), "KUBELET_EXTRA_ARGS=", ""},
		"public where none is":       {"Public", "10.20.0.0/24", addressesOf("eth2 10.20.0.200/24"), "KUBELET_EXTRA_ARGS=", ""},
		"a public range of a VPC":    {"VPC", "198.18.0.0/16", all, "KUBELET_EXTRA_ARGS=", "KUBELET_EXTRA_ARGS=--node-ip=198.18.0.10 "},
		"no address yet":             {"Public", "", "", "KUBELET_EXTRA_ARGS=", ""},
		"carrier-grade NAT: private": {"Private", "", addressesOf("eth0 100.64.1.2/10"), "KUBELET_EXTRA_ARGS=", "KUBELET_EXTRA_ARGS=--node-ip=100.64.1.2 "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "kubelet")
			text := "#cloud-config\nwrite_files:\n" + must(UserData{NodeIP: tc.kind, VPCRange: tc.vpc}.NodeIPFiles())
			script := ""
			for _, f := range parsed(t, text).WriteFiles {
				if strings.HasSuffix(f.Path, "vpsie-node-ip") {
					script = strings.ReplaceAll(f.Content, "/etc/default/kubelet", file)
				}
			}
			for name, content := range map[string]string{"kubelet": tc.file + "\n", "script": script, "ip": "#!/bin/sh\ncat " + filepath.Join(dir, "addresses") + "\n", "addresses": tc.addresses} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil { //nolint:gosec // it is run
					t.Fatal(err)
				}
			}
			for range 2 {
				command := exec.CommandContext(t.Context(), "/bin/sh", filepath.Join(dir, "script"))
				command.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
				output, err := command.CombinedOutput()
				if (err == nil) != (tc.want != "") {
					t.Fatalf("%v: %s", err, output)
				}
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.want
			if want == "" {
				want = tc.file
			}
			if strings.TrimLeft(string(got), "\n") != want+"\n" {
				t.Errorf("the kubelet has\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func must(text string, err error) string {
	if err != nil {
		panic(err)
	}
	return text
}

// Every text that the project ships takes the address where one is asked for, and is as it was where none is.
func TestUserDataWithANodeIP(t *testing.T) {
	for name, data := range map[string]UserData{"of the image": {}, "of kubeadm": {Kubeadm: true}} {
		data.NodeName, data.Mint = "n", func() (string, error) { return testToken, nil }
		plain := must(data.Render(""))
		if strings.Contains(plain, "vpsie-node-ip") {
			t.Errorf("%s: without an address to register with there is a script for it", name)
		}
		data.NodeIP, data.VPCRange = "VPC", "10.20.0.0/24"
		config := parsed(t, must(data.Render("")))
		var files []string
		for _, f := range config.WriteFiles {
			files = append(files, f.Path)
		}
		for _, want := range []string{"/usr/local/sbin/vpsie-node-ip", "/etc/systemd/system/kubelet.service.d/50-vpsie-node-ip.conf", "/etc/default/kubelet"} {
			if !strings.Contains(strings.Join(files, " "), want) {
				t.Errorf("%s: %s is missing among %v", name, want, files)
			}
		}
		if len(config.RunCmd) == 0 {
			t.Errorf("%s: nothing is run", name)
		}
	}
	data := UserData{NodeIP: "VPC", VPCRange: "10.20.0.0/24"}
	if got := must(data.Render("{{.NodeIP}} {{.VPCRange}}")); got != "VPC 10.20.0.0/24" {
		t.Errorf("Render = %q", got)
	}
	for _, text := range []string{"#!/bin/sh", "{{.KubeletExtraArgs}}"} {
		if _, err := data.Render(text); err == nil || !strings.Contains(err.Error(), "spec.networkConfig.nodeIP would have no effect") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
