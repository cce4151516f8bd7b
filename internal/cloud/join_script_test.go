package cloud

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machine is a scratch root in which the join script runs, with commands that behave as the real ones do.
type machine struct {
	root   string
	log    string // what was called, one line a command
	output string
	err    error
}

// stubs are the commands of a machine by name. They log their calls; files under $ROOT/state make them behave badly.
// count NAME counts the calls of one.
var stubs = map[string]string{
	// Error-Mode=any makes apt-get fail when a server does not answer; without, it warns and exits 0.
	"apt-get": `
count apt-get
case "$*" in
*update*)
  if [ -e "$ROOT/state/no-mirror" ] && [ "$(calls apt-get)" -le "$(cat "$ROOT/state/no-mirror")" ]; then
    case "$*" in *Error-Mode=any*) exit 100 ;; esac
    exit 0
  fi
  touch "$ROOT/state/lists" ;;
*install*)
  [ -e "$ROOT/state/lists" ] || exit 100
  case "$*" in *" containerd.io"*) cp "$ROOT/stub/ctr" "$ROOT/bin/containerd"; mkdir -p "$ROOT/etc/containerd"; echo 'disabled_plugins = ["cri"]' >"$ROOT/etc/containerd/config.toml" ;;
  *" containerd"*) cp "$ROOT/stub/ctr" "$ROOT/bin/containerd" ;; esac
  case "$*" in *kubeadm*) cp "$ROOT/stub/adm" "$ROOT/bin/kubeadm" ;; esac ;;
esac`,
	"apt-cache": `printf 'containerd:\n  Installed: (none)\n  Candidate: %s\n' "$(cat "$ROOT/state/candidate")"`,
	"apt-mark":  ``,
	"curl":      `while [ $# -gt 1 ]; do if [ "$1" = -o ]; then echo key >"$2"; fi; shift; done`,
	"modprobe":  `[ ! -e "$ROOT/state/no-$1" ]`,
	"swapoff":   ``,
	"sleep":     ``,
	"systemctl": ``,
	// A value that the kernel refuses makes sysctl exit 255 after the others were set; --system reads all files.
	"sysctl": `
case "$1" in --system) set -- -p "$ROOT"/etc/sysctl.d/* ;; esac
shift; cat "$@" >>"$ROOT/state/sysctl"
if grep -q refused "$@"; then exit 255; fi`,
}

// installed are commands that an image may bring or apt installs.
var installed = map[string]string{
	"ctr": `[ "$1 $2" != "config default" ] || cat "$ROOT/stub/default.toml"`,
	"adm": `
count kubeadm
case "$1" in
reset) rm -f "$ROOT/state/half" ;;
join)
  if [ -e "$ROOT/state/half" ]; then echo "file exists" >&2; exit 1; fi
  if [ -e "$ROOT/state/joins-fail" ] && [ "$(calls kubeadm)" -le "$(cat "$ROOT/state/joins-fail")" ]; then touch "$ROOT/state/half"; exit 1; fi ;;
esac`,
}

const stubHead = `#!/bin/sh
set -eu
calls() { cat "$ROOT/state/count-$1" 2>/dev/null || echo 0; }
count() { n=$(($(calls "$1") + 1)); echo "$n" >"$ROOT/state/count-$1"; }
echo "$(basename "$0") $*" >>"$ROOT/log"
`

// boot runs the join script of --bootstrap=kubeadm on an image: files by path, "bin/containerd" and "bin/kubeadm" among
// them when it brings these, "state/…" when something is to go wrong.
func boot(t *testing.T, image map[string]string) machine {
	t.Helper()
	m := machine{root: t.TempDir()}
	write := func(path, content string, mode os.FileMode) {
		path = filepath.Join(m.root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"etc/apt/sources.list.d", "usr/local/sbin", "tmp", "state"} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range stubs {
		write("bin/"+name, stubHead+body+"\n", 0o755)
	}
	for name, body := range installed {
		write("stub/"+name, stubHead+body+"\n", 0o755)
	}
	write("stub/default.toml", "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nSystemdCgroup = false\n", 0o644)
	write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n", 0o644)
	write("etc/fstab", "/dev/vda1 / ext4 defaults 0 1\n/dev/vda2 none swap sw 0 0\n", 0o644)
	write("state/candidate", "1.6.20~ds1-1+deb12u1", 0o644)
	for path, content := range image {
		mode := os.FileMode(0o644)
		if name, bin := strings.CutPrefix(path, "bin/"); bin {
			content, mode = stubHead+installed[map[string]string{"containerd": "ctr", "kubeadm": "adm"}[name]]+"\n", 0o755
		}
		write(path, content, mode)
	}
	var script string
	for _, file := range parsed(t, rendered(t, kubeadmUserData)).WriteFiles {
		content := strings.NewReplacer(" /etc/", " "+m.root+"/etc/", `"/etc/`, `"`+m.root+"/etc/", ">/etc/", ">"+m.root+"/etc/",
			"=/etc/", "="+m.root+"/etc/", "/usr/local/sbin", m.root+"/usr/local/sbin").Replace(file.Content)
		write(file.Path, content, 0o755)
		if strings.HasSuffix(file.Path, "join-cluster") {
			script = filepath.Join(m.root, file.Path)
		}
	}
	for _, tool := range []string{"sh", "sed", "grep", "mkdir", "rm", "cat", "cp", "touch", "basename"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("%s is not installed", tool)
		}
		if err := os.Symlink(path, filepath.Join(m.root, "bin", tool)); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), filepath.Join(m.root, "bin/sh"), script)
	command.Env = []string{"PATH=" + m.root + "/bin", "ROOT=" + m.root}
	output, err := command.CombinedOutput()
	m.output, m.err = string(output), err
	m.log = m.read("log")
	return m
}

func (m machine) read(path string) string {
	data, err := os.ReadFile(filepath.Join(m.root, path))
	if err != nil {
		return ""
	}
	return string(data)
}

// ready is an image that brings all.
func ready(extra map[string]string) map[string]string {
	image := map[string]string{"bin/containerd": "", "bin/kubeadm": "", "etc/containerd/config.toml": "version = 2\n"}
	maps.Copy(image, extra)
	return image
}

// What a machine goes through on its way into the cluster, also when the world around it misbehaves as it does.
func TestJoinScript(t *testing.T) {
	const (
		mirror  = "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n"
		options = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n"
	)
	for name, tc := range map[string]struct {
		image    map[string]string
		config   []string // what containerd's configuration holds in the end
		log      []string // what was called
		warns    string
		fails    bool
		unlogged string
	}{
		"a bare Debian 12 gets containerd from Docker, as its own is too old": {
			log: []string{"apt-get install -y -o Dpkg::Options::=--force-confold containerd.io", "apt-get install -y -o Dpkg::Options::=--force-confold kubelet kubeadm",
				"sysctl -p ", "kubeadm join 192.0.2.1:6443"},
			config: []string{"SystemdCgroup = true"}, unlogged: "sysctl --system",
		},
		"a release with containerd 2 keeps to its own": {
			image: map[string]string{"state/candidate": "2.1.3-1ubuntu1"},
			log:   []string{"apt-get install -y -o Dpkg::Options::=--force-confold containerd\n"}, config: []string{"SystemdCgroup = true"}, unlogged: "containerd.io",
		},
		"a relative of Debian's gets its own": {
			image: map[string]string{"etc/os-release": "ID=devuan\n"},
			log:   []string{"apt-get install -y -o Dpkg::Options::=--force-confold containerd\n"}, unlogged: "containerd.io",
		},
		"an image with all asks no server": {image: ready(nil), log: []string{"kubeadm join"}, unlogged: "apt-get"},
		"no mirror answers at first": {
			image: map[string]string{"state/no-mirror": "3"}, log: []string{"sleep 10", "kubeadm join"},
		},
		"a mirror never answers, others do": {
			image: map[string]string{"state/no-mirror": "60", "state/lists": ""}, log: []string{"kubeadm join"}, warns: "package lists are out of date",
		},
		"no mirror ever answers": {image: map[string]string{"state/no-mirror": "999"}, fails: true, warns: "giving up: apt-get", unlogged: "kubeadm"},
		"the kernel refuses a value of another file": {
			image: ready(map[string]string{"etc/sysctl.d/50-other.conf": "kernel.refused = 1\n"}), log: []string{"kubeadm join"}, unlogged: "sysctl --system",
		},
		"modules are built in": {
			image: ready(map[string]string{"state/no-br_netfilter": "", "state/no-overlay": ""}), log: []string{"kubeadm join"}, warns: "br_netfilter is not there",
		},
		"a join stops half-way": {
			image: ready(map[string]string{"state/joins-fail": "3"}), log: []string{"kubeadm reset --force\n", "sleep 10\n", "kubeadm join"},
		},
		"the cluster never answers": {image: ready(map[string]string{"state/joins-fail": "999"}), fails: true, warns: "giving up: join"},

		"mirrors of the image stay": {
			image: ready(map[string]string{"etc/containerd/config.toml": "version = 2\n" + mirror}), config: []string{mirror, options, `runtime_type = "io.containerd.runc.v2"`},
		},
		"a runtime of the image stays": {
			image:  ready(map[string]string{"etc/containerd/config.toml": "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\nruntime_type = \"mine\"\n"}),
			config: []string{`runtime_type = "mine"`, options},
		},
		"options without the value get it": {
			image:  ready(map[string]string{"etc/containerd/config.toml": "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nBinaryName = 'crun'\n"}),
			config: []string{"runc.options]\nSystemdCgroup = true\nBinaryName = 'crun'\n"},
		},
		"the value of the image is set": {
			image:  ready(map[string]string{"etc/containerd/config.toml": "version = 2\n  # SystemdCgroup = false is wrong\n  SystemdCgroup = false\n" + mirror}),
			config: []string{"\n  SystemdCgroup = true\n", "# SystemdCgroup = false is wrong", mirror},
		},
		"containerd 2's newer layout": {
			image:  ready(map[string]string{"etc/containerd/config.toml": "version = 3\n"}),
			config: []string{"[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n"},
		},
		"Docker's package switches the CRI off": {
			image: ready(map[string]string{"etc/containerd/config.toml": "disabled_plugins = [\"cri\"]\n"}), config: []string{"disabled_plugins = []\n", "SystemdCgroup = true"},
		},
		"other plugins stay off": {
			image: ready(map[string]string{"etc/containerd/config.toml": "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\", \"btrfs\"]\n"}), config: []string{"disabled_plugins = [\"btrfs\"]\n"},
		},
		"an empty file is no configuration": {image: ready(map[string]string{"etc/containerd/config.toml": ""}), config: []string{"version = 3\n", "SystemdCgroup = true"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := boot(t, tc.image)
			told := func() string { return fmt.Sprintf("it printed\n%s\nand called\n%s", m.output, m.log) }
			if (m.err != nil) != tc.fails {
				t.Fatalf("the script ended with %v; %s", m.err, told())
			}
			for _, want := range tc.log {
				if !strings.Contains(m.log, want) {
					t.Errorf("%q was not called; %s", want, told())
				}
			}
			if tc.unlogged != "" && strings.Contains(m.log, tc.unlogged) {
				t.Errorf("%q was called; %s", tc.unlogged, told())
			}
			config := m.read("etc/containerd/config.toml")
			for _, want := range tc.config {
				if !strings.Contains(config, want) {
					t.Errorf("containerd's configuration lacks %q:\n%s", want, config)
				}
			}
			if n := strings.Count(strings.ReplaceAll(config, "# SystemdCgroup", ""), "SystemdCgroup"); !tc.fails && n != 1 {
				t.Errorf("containerd's configuration has SystemdCgroup %d times:\n%s", n, config)
			}
			if tc.warns != "" && !strings.Contains(m.output, tc.warns) {
				t.Errorf("nothing says %q; %s", tc.warns, told())
			}
			if swap := m.read("etc/fstab"); !strings.Contains(swap, "#/dev/vda2 none swap") || !strings.Contains(m.log, "swapoff -a\n") {
				t.Errorf("swap is on, now or at the next boot:\n%s\n%s", swap, told())
			}
			if left := m.read("usr/local/sbin/join-cluster") != ""; left != tc.fails {
				t.Errorf("the script, which holds the token, is there in the end: %v", left)
			}
			if !tc.fails && !strings.Contains(m.read("state/sysctl"), "net.ipv4.ip_forward = 1") {
				t.Errorf("the kernel was not told to forward; %s", told())
			}
		})
	}
}

// Taints are in the kubelet's configuration: the flag for them is deprecated.
func TestTaintsAreNoKubeletFlag(t *testing.T) {
	files := map[string]string{}
	for _, file := range parsed(t, rendered(t, kubeadmUserData)).WriteFiles {
		files[file.Path] = file.Content
	}
	flags, drop := files["/etc/default/kubelet"], files["/etc/kubernetes/kubelet.conf.d/50-vpsie-autoscaler.conf"]
	if strings.Contains(flags, "taints") || !strings.Contains(flags, "--config-dir=/etc/kubernetes/kubelet.conf.d") || !strings.Contains(drop, `"registerWithTaints"`) {
		t.Errorf("the kubelet's flags are %s, its configuration is %s", flags, drop)
	}
}

// The last file of its kind that the kernel reads at boot is ours, whatever the image brings.
func TestKernelSettingsAreReadLast(t *testing.T) {
	var names []string
	for _, file := range parsed(t, rendered(t, kubeadmUserData)).WriteFiles {
		if strings.HasPrefix(file.Path, "/etc/sysctl.d/") {
			names = append(names, filepath.Base(file.Path))
		}
	}
	if len(names) != 1 {
		t.Fatalf("kernel settings are in %v, want one file", names)
	}
	others := append(slices.Clone(names), "99-sysctl.conf", "99-local.conf", "99-cloud-init.conf")
	if last := slices.MaxFunc(others, cmp.Compare[string]); last != names[0] {
		t.Errorf("%s is read after %s", last, names[0])
	}
}
