package cloud

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeletapis "k8s.io/kubelet/pkg/apis"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// UserData is what a NodeGroup's userData template may use.
type UserData struct {
	NodeName, NodeGroup, InstanceType, Datacenter string
	Labels                                        map[string]string
	Taints                                        []corev1.Taint
	// KubeletExtraArgs puts name, labels and taints into the kubelet's arguments.
	KubeletExtraArgs string
	// KubeletArgs is the same without the taints, whose argument is deprecated. They are in
	// KubeletConfig then: a KubeletConfiguration (kubelet.config.k8s.io/v1beta1) on one line of
	// JSON, for a file of the folder that the kubelet's --config-dir names.
	KubeletArgs, KubeletConfig string
	// Kubelet are settings for KubeletConfig; nil for none.
	Kubelet *plan.Kubelet `json:"-"`
	// NodeIP is the address that the kubelet must register with: Public, VPC or Private; empty when it chooses. VPCRange is
	// the network of the machine's VPC, such as 10.20.0.0/24; empty when it has none.
	NodeIP, VPCRange string
	// APIServer is host:port, CACertHash is "sha256:…" as kubeadm join takes them.
	APIServer, CACertHash string
	// KubernetesVersion is the API server's, as major.minor.
	KubernetesVersion string
	// Kubeadm has empty text install kubeadm's parts and join, rather than trust the image to.
	Kubeadm bool `json:"-"`
	// Mint makes a bootstrap token for this machine.
	Mint func() (string, error) `json:"-"`
}

// BootstrapToken is called by templates that ask for a token; others mint none.
func (u UserData) BootstrapToken() (string, error) { return u.Mint() }

// defaultUserData serves images that join the cluster by themselves: it hands
// the kubelet its name, labels and taints in the file that its packages read.
const defaultUserData = `#cloud-config
write_files:
- path: /etc/default/kubelet
  content: |
    KUBELET_EXTRA_ARGS={{.KubeletExtraArgs}}
{{.NodeIPFiles}}` + nodeIPCommand

// kubeadmUserData installs containerd, kubelet and kubeadm where the image lacks
// them, and joins.
//
//go:embed kubeadm.yaml
var kubeadmUserData string

// configuredUserData is defaultUserData for kubelets with settings, which have no arguments.
const configuredUserData = `#cloud-config
write_files:
- path: /etc/default/kubelet
  content: |
    KUBELET_EXTRA_ARGS={{.KubeletArgs}} --config-dir=/etc/kubernetes/kubelet.conf.d
- path: /etc/kubernetes/kubelet.conf.d/50-vpsie-autoscaler.conf
  content: |
    {{.KubeletConfig}}
{{.NodeIPFiles}}` + nodeIPCommand

// Render makes the user data of one machine. Text without {{ is passed as it is;
// empty text becomes a cloud-config that joins by kubeadm, or one that hands the
// kubelet its arguments. An error names the template's place.
func (u UserData) Render(text string) (string, error) {
	text = cmp.Or(text, u.builtIn())
	if u.Kubelet != nil && !strings.Contains(text, ".KubeletConfig") {
		return "", &ConfigError{"InvalidUserData", "spec.kubelet would have no effect: write {{.KubeletConfig}} of spec.userData into a file of the folder that the kubelet's --config-dir names, or leave spec.kubelet out"}
	}
	if u.NodeIP != "" && !strings.Contains(text, ".NodeIP") {
		return "", &ConfigError{"InvalidUserData", "spec.networkConfig.nodeIP would have no effect: write {{.NodeIPFiles}} of spec.userData among the write_files of cloud-init, or hand the kubelet --node-ip by {{.NodeIP}} and {{.VPCRange}}; or leave nodeIP out"}
	}
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	// A kubelet does not start with the others; the autoscaler sets them after the join.
	u.Labels = maps.Clone(u.Labels)
	maps.DeleteFunc(u.Labels, func(key, _ string) bool { return !kubeletMaySet(key) })
	u.KubeletArgs = u.kubeletArgs()
	u.KubeletExtraArgs = u.KubeletArgs + " --register-with-taints=" + u.kubeletTaints()
	config, err := u.kubeletConfig()
	if err != nil {
		return "", err
	}
	u.KubeletConfig = config
	return u.execute(text)
}

// builtIn is the template of machines whose NodeGroup has none.
func (u UserData) builtIn() string {
	switch {
	case u.Kubeadm:
		return kubeadmUserData
	case u.Kubelet != nil:
		return configuredUserData
	}
	return defaultUserData
}

// execute fills the template in. A token that cannot be minted is no fault of it.
func (u UserData) execute(text string) (string, error) {
	t, err := template.New("userData").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", &ConfigError{"InvalidUserData", fmt.Sprintf("spec.userData is no valid template: %v", err)}
	}
	var minting error
	if mint := u.Mint; mint != nil {
		u.Mint = func() (token string, err error) {
			token, minting = mint()
			return token, minting
		}
	}
	var b strings.Builder
	err = t.Execute(&b, u)
	if minting != nil {
		return "", minting
	}
	if err != nil {
		return "", &ConfigError{"InvalidUserData", fmt.Sprintf("rendering spec.userData: %v", err)}
	}
	return b.String(), nil
}

// kubeletMaySet tells the labels of Kubernetes' own names that a kubelet refuses to
// give to its node, such as node-role.kubernetes.io/worker.
func kubeletMaySet(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	kubernetes := slices.ContainsFunc([]string{"kubernetes.io", "k8s.io"}, func(own string) bool {
		return domain == own || strings.HasSuffix(domain, "."+own)
	})
	return !kubernetes || kubeletapis.IsKubeletLabel(key)
}

func (u UserData) kubeletArgs() string {
	labels := make([]string, 0, len(u.Labels))
	for _, k := range slices.Sorted(maps.Keys(u.Labels)) {
		labels = append(labels, k+"="+u.Labels[k])
	}
	return fmt.Sprintf("--hostname-override=%s --node-labels=%s", u.NodeName, strings.Join(labels, ","))
}

func (u UserData) kubeletTaints() string {
	taints := make([]string, 0, len(u.Taints))
	for _, t := range u.Taints {
		taints = append(taints, fmt.Sprintf("%s=%s:%s", t.Key, t.Value, t.Effect))
	}
	return strings.Join(taints, ",")
}

type kubeletConfiguration struct {
	metav1.TypeMeta    `json:",inline"`
	RegisterWithTaints []corev1.Taint      `json:"registerWithTaints"`
	MaxPods            int32               `json:"maxPods,omitempty"`
	KubeReserved       corev1.ResourceList `json:"kubeReserved,omitempty"`
	SystemReserved     corev1.ResourceList `json:"systemReserved,omitempty"`
	EvictionHard       map[string]string   `json:"evictionHard,omitempty"`
}

// kubeletConfig holds no field but its own: the kubelet lays it over its configuration,
// and the whole type would put zeroes over what stands there.
func (u UserData) kubeletConfig() (string, error) {
	fields := kubeletConfiguration{
		TypeMeta:           metav1.TypeMeta{APIVersion: "kubelet.config.k8s.io/v1beta1", Kind: "KubeletConfiguration"},
		RegisterWithTaints: u.Taints,
	}
	if k := u.Kubelet; k != nil {
		fields.MaxPods, fields.KubeReserved, fields.SystemReserved = k.MaxPods, k.KubeReserved, k.SystemReserved
		if len(k.EvictionHard) > 0 {
			// A kubelet that is given one threshold has no other.
			fields.EvictionHard = k.Evictions()
		}
	}
	config, err := json.Marshal(fields)
	if err != nil {
		return "", fmt.Errorf("writing the kubelet's configuration: %w", err)
	}
	return string(config), nil
}
