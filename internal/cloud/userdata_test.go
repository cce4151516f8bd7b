package cloud

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func TestRender(t *testing.T) {
	minted := 0
	data := UserData{
		NodeName: "vpsie-web-abcde", NodeGroup: "web", InstanceType: "small", Datacenter: "dc",
		Labels:    map[string]string{"b": "2", "a": "1", "node-role.kubernetes.io/worker": ""},
		Taints:    []corev1.Taint{{Key: "k", Value: "v", Effect: corev1.TaintEffectNoSchedule}, {Key: "only", Effect: corev1.TaintEffectNoExecute}},
		APIServer: "192.0.2.1:6443", CACertHash: "sha256:abc",
		Mint: func() (string, error) { minted++; return "abcdef.0123456789abcdef", nil },
	}
	const args = "--hostname-override=vpsie-web-abcde --node-labels=a=1,b=2 --register-with-taints=k=v:NoSchedule,only=:NoExecute"
	for name, tc := range map[string]struct {
		text, want string
		minted     int
		err        string
	}{
		"plain text is passed as it is": {text: "#!/bin/sh\necho ${HOME} }}", want: "#!/bin/sh\necho ${HOME} }}"},
		"empty text hands the kubelet its arguments": {want: `#cloud-config
write_files:
- path: /etc/default/kubelet
  content: |
    KUBELET_EXTRA_ARGS=` + args + "\n"},
		"arguments without taints": {text: "{{.KubeletArgs}}", want: "--hostname-override=vpsie-web-abcde --node-labels=a=1,b=2"},
		"taints as configuration": {text: "{{.KubeletConfig}}", want: `{"kind":"KubeletConfiguration","apiVersion":"kubelet.config.k8s.io/v1beta1",` +
			`"registerWithTaints":[{"key":"k","value":"v","effect":"NoSchedule"},{"key":"only","effect":"NoExecute"}]}`},
		"plain text without settings": {text: "{{.NodeGroup}}", want: "web"},
		"arguments":                   {text: "{{.KubeletExtraArgs}}", want: args},
		"all words":                   {text: "{{.NodeName}} {{.NodeGroup}} {{.InstanceType}} {{.Datacenter}} {{.APIServer}} {{.CACertHash}} {{index .Labels \"a\"}} {{(index .Taints 0).Key}}", want: "vpsie-web-abcde web small dc 192.0.2.1:6443 sha256:abc 1 k"},
		"a token when asked":          {text: "join {{.BootstrapToken}}", want: "join abcdef.0123456789abcdef", minted: 1},
		"an unknown field":            {text: "{{.Nope}}", err: "spec.userData"},
		"a broken template":           {text: "{{.NodeName", err: "spec.userData is no valid template"},
		"a missing label's no":        {text: `{{.Labels.nope}}`, err: "spec.userData"},
	} {
		t.Run(name, func(t *testing.T) {
			minted = 0
			got, err := data.Render(tc.text)
			if tc.err != "" {
				if _, config := IsConfig(err); !config || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want a ConfigError with %q", err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want || minted != tc.minted {
				t.Errorf("Render = %q, %v, %d tokens; want %q, %d tokens", got, err, minted, tc.want, tc.minted)
			}
		})
	}
	data.Mint = func() (string, error) { return "", errors.New("forbidden") }
	_, err := data.Render("{{.BootstrapToken}}")
	if err == nil || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("a token that cannot be made gives %v", err)
	}
	if _, config := IsConfig(err); config {
		t.Errorf("a token that cannot be made counts as a fault of the template: %v", err)
	}
}

// Settings of the kubelet are in its configuration, with the thresholds that it would else lose, and nowhere else.
func TestRenderKubeletSettings(t *testing.T) {
	data := UserData{
		NodeName: "n", Taints: []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}},
		Kubelet: &plan.Kubelet{
			MaxPods: 30, KubeReserved: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("512Mi")},
			EvictionHard: map[string]string{"memory.available": "5%"},
		},
		Mint: func() (string, error) { return "", nil },
	}
	const config = `{"kind":"KubeletConfiguration","apiVersion":"kubelet.config.k8s.io/v1beta1","registerWithTaints":[{"key":"k","effect":"NoSchedule"}],` +
		`"maxPods":30,"kubeReserved":{"cpu":"100m","memory":"512Mi"},` +
		`"evictionHard":{"imagefs.available":"15%","imagefs.inodesFree":"5%","memory.available":"5%","nodefs.available":"10%","nodefs.inodesFree":"5%"}}`
	for name, kubeadm := range map[string]bool{"of the image": false, "of kubeadm": true} {
		data.Kubeadm = kubeadm
		text, err := data.Render("")
		if err != nil || !strings.Contains(text, config) || !strings.Contains(text, "--config-dir=/etc/kubernetes/kubelet.conf.d") || strings.Contains(text, "--register-with-taints") {
			t.Errorf("user data %s: %v\n%s", name, err, text)
		}
	}
	if text, err := data.Render("{{.KubeletConfig}}"); err != nil || text != config {
		t.Errorf("%v: %s", err, text)
	}
	for _, text := range []string{"#!/bin/sh", "{{.KubeletExtraArgs}}"} {
		if _, err := data.Render(text); err == nil || !strings.Contains(err.Error(), "spec.kubelet would have no effect: write {{.KubeletConfig}}") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
