package cloud

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// shipped are the user data that come with the project: the built-in ones and the
// examples of docs/joining.md.
func shipped(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{"built in": defaultUserData, "--bootstrap=kubeadm": kubeadmUserData}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "joining.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		var group struct {
			Metadata struct{ Name string }
			Spec     struct{ UserData string }
		}
		if err := yaml.Unmarshal([]byte(block[1]), &group); err != nil {
			t.Fatalf("docs/joining.md: %v in\n%s", err, block[1])
		}
		if group.Spec.UserData != "" {
			texts["docs/joining.md: "+group.Metadata.Name] = group.Spec.UserData
		}
	}
	if len(texts) != 4 {
		t.Fatalf("found %d texts, want the two that are built in and two examples", len(texts))
	}
	return texts
}

const testToken = "abcdef.0123456789abcdef"

func rendered(t *testing.T, text string) string {
	t.Helper()
	data := UserData{
		NodeName: "vpsie-web-abcde", NodeGroup: "web", InstanceType: "small-2cpu-4gb", Datacenter: "dc-us-east-1",
		Labels: map[string]string{"a": "1", "autoscaler.vpsie.com/nodegroup": "web", "node-role.kubernetes.io/worker": ""},
		Taints: []corev1.Taint{
			{Key: "dedicated", Value: "web", Effect: corev1.TaintEffectNoSchedule},
			{Key: "autoscaler.vpsie.com/uninitialized", Effect: corev1.TaintEffectNoSchedule},
		},
		APIServer: "192.0.2.1:6443", CACertHash: "sha256:" + strings.Repeat("ab", 32), KubernetesVersion: "1.37",
		Mint: func() (string, error) { return testToken, nil },
	}
	got, err := data.Render(text)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

type cloudConfig struct {
	WriteFiles []struct{ Path, Content, Permissions string } `json:"write_files"`
	RunCmd     []any                                         `json:"runcmd"`
}

func parsed(t *testing.T, text string) cloudConfig {
	t.Helper()
	var config cloudConfig
	if err := yaml.UnmarshalStrict([]byte(text), &config); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return config
}

// All that a machine must be told is in every text.
func TestShippedUserDataTellsAll(t *testing.T) {
	for name, text := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			config := parsed(t, rendered(t, text))
			var all strings.Builder
			for _, f := range config.WriteFiles {
				all.WriteString(f.Content)
			}
			fmt.Fprintln(&all, config.RunCmd)
			want := []string{"vpsie-web-abcde", "autoscaler.vpsie.com/nodegroup=web"}
			if name == "--bootstrap=kubeadm" {
				want = append(want, `{"key":"dedicated","value":"web","effect":"NoSchedule"},{"key":"autoscaler.vpsie.com/uninitialized","effect":"NoSchedule"}`)
			} else {
				want = append(want, "autoscaler.vpsie.com/uninitialized=:NoSchedule", "dedicated=web:NoSchedule")
			}
			if name != "built in" {
				want = append(want, testToken, "192.0.2.1:6443")
			}
			if strings.Contains(name, "kubeadm") {
				want = append(want, "sha256:abab", `KUBELET_EXTRA_ARGS="--hostname-override=vpsie-web-abcde --node-labels=a=1,autoscaler`)
			}
			for _, w := range want {
				if !strings.Contains(all.String(), w) {
					t.Errorf("%q is missing in\n%s", w, all.String())
				}
			}
			if strings.Contains(all.String(), "node-role.kubernetes.io") {
				t.Error("a kubelet does not start with a label node-role.kubernetes.io")
			}
			for _, f := range config.WriteFiles {
				if strings.Contains(f.Content, testToken) && !strings.HasSuffix(f.Permissions, "00") {
					t.Errorf("%s holds the token and is readable by all: %q", f.Path, f.Permissions)
				}
			}
		})
	}
}

// cloud-init itself must take every text.
func TestShippedUserDataIsValidCloudConfig(t *testing.T) {
	tool := need(t, "cloud-init")
	for name, text := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			check(t, rendered(t, text), tool, "schema", "--config-file")
		})
	}
	broken := filepath.Join(t.TempDir(), "user-data")
	if err := os.WriteFile(broken, []byte("#cloud-config\nwrite_files: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if exec.CommandContext(t.Context(), tool, "schema", "--config-file", broken).Run() == nil {
		t.Error("the check takes anything: it proves nothing")
	}
}

// The scripts inside must be clean.
func TestShippedUserDataScriptsAreClean(t *testing.T) {
	tool := need(t, "shellcheck")
	scripts := 0
	for name, text := range shipped(t) {
		for _, f := range parsed(t, rendered(t, text)).WriteFiles {
			if strings.HasPrefix(f.Content, "#!") {
				scripts++
				t.Run(name+" "+f.Path, func(t *testing.T) { check(t, f.Content, tool) })
			}
		}
	}
	if scripts != 2 {
		t.Errorf("found %d scripts, want 2", scripts)
	}
}

// need finds a tool of the system's; tools/userdata says aloud when it is not there.
func need(t *testing.T, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("%s is not installed", tool)
	}
	return path
}

func check(t *testing.T, text, tool string, args ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "user-data")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), tool, append(args, file)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, output, text)
	}
}
