package localcluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestKubeletArgs(t *testing.T) {
	tests := map[string]struct {
		userData string
		want     kubeletArgs
	}{
		"nothing": {
			userData: "#cloud-config\nruncmd: [reboot]\n",
			want:     kubeletArgs{labels: map[string]string{}},
		},
		"quoted environment file": {
			userData: `#!/bin/sh
echo 'KUBELET_EXTRA_ARGS="--node-labels=a=b,example.com/c= --register-with-taints=gpu=yes:NoSchedule,drain:NoExecute --provider-id=vpsie://x"' > /etc/default/kubelet`,
			want: kubeletArgs{
				labels:     map[string]string{"a": "b", "example.com/c": ""},
				taints:     []corev1.Taint{{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}, {Key: "drain", Effect: corev1.TaintEffectNoExecute}},
				providerID: "vpsie://x",
			},
		},
		"separate words and quoted values": {
			userData: `kubelet --node-labels "a=b" --node-ip '10.0.0.1' --node-labels=c=d`,
			want:     kubeletArgs{labels: map[string]string{"a": "b", "c": "d"}, nodeIP: "10.0.0.1"},
		},
		"escaped newline after the value": {
			userData: `{"content":"KUBELET_EXTRA_ARGS=--node-labels=a=b\n"}`,
			want:     kubeletArgs{labels: map[string]string{"a": "b"}},
		},
		"empty values": {
			userData: `kubelet --node-labels= --register-with-taints=`,
			want:     kubeletArgs{labels: map[string]string{}},
		},
		"taints of a kubelet configuration": {
			userData: "#cloud-config\nwrite_files:\n- path: /etc/default/kubelet\n  content: KUBELET_EXTRA_ARGS=--node-labels=a=b\n" +
				"- path: /etc/kubernetes/kubelet.conf.d/90.conf\n  content: |\n    {\"kind\": \"KubeletConfiguration\", \"registerWithTaints\": [{\"key\": \"gpu\", \"effect\": \"NoSchedule\"}]}\n",
			want: kubeletArgs{labels: map[string]string{"a": "b"}, taints: []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}},
		},
		"bootstrap token": {
			userData: "kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:00",
			want:     kubeletArgs{labels: map[string]string{}, token: "abcdef.0123456789abcdef"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseKubeletArgs(test.userData)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(kubeletArgs{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestKubeletArgsThatNoKubeletStartsWith(t *testing.T) {
	for userData, mention := range map[string]string{
		"--node-labels=a":                "--node-labels=a",
		"--node-labels==b":               "--node-labels==b",
		"--register-with-taints=a=b:Not": "--register-with-taints=a=b:Not",
	} {
		_, err := parseKubeletArgs(userData)
		if err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%s: got error %v, want one that quotes %s", userData, err, mention)
		}
	}
}
