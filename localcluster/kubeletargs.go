package localcluster

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
	"k8s.io/kubernetes/pkg/util/taints"
	"sigs.k8s.io/yaml"
)

// kubeletArgs are the kubelet's arguments that a machine's user data carries.
type kubeletArgs struct {
	labels     map[string]string
	taints     []corev1.Taint
	providerID string
	nodeIP     string
	token      string // a kubeadm bootstrap token, "abcdef.0123456789abcdef"
}

// A kubelet argument stands anywhere in the user data: in KUBELET_EXTRA_ARGS="…", in a unit file, on a command line. Its
// value may be quoted; unquoted it ends at white space, a quote or a backslash.
var (
	kubeletArg     = regexp.MustCompile(`--(node-labels|register-with-taints|provider-id|node-ip)(?:=|\s+)(?:"([^"]*)"|'([^']*)'|([^\s"'\\]*))`)
	bootstrapToken = regexp.MustCompile(`\b[a-z0-9]{6}\.[a-z0-9]{16}\b`)
)

// parseKubeletArgs reads the arguments as kubelet would: labels add up over several flags, of the others the last wins,
// and a malformed value is an error (a kubelet does not start with it). Taints of a KubeletConfiguration that the user
// data writes to a file count where no argument names any.
func parseKubeletArgs(userData string) (kubeletArgs, error) {
	args := kubeletArgs{labels: map[string]string{}, token: bootstrapToken.FindString(userData), taints: configuredTaints(userData)}
	for _, match := range kubeletArg.FindAllStringSubmatch(userData, -1) {
		flag, value := match[1], match[2]+match[3]+match[4]
		switch flag {
		case "node-labels":
			labels, err := parseLabels(value)
			if err != nil {
				return kubeletArgs{}, err
			}
			maps.Copy(args.labels, labels)
		case "register-with-taints":
			set, _, err := taints.ParseTaints(splitList(value))
			if err != nil {
				return kubeletArgs{}, fmt.Errorf("reading --register-with-taints=%s: %w", value, err)
			}
			args.taints = set
		case "provider-id":
			args.providerID = value
		case "node-ip":
			args.nodeIP = value
		}
	}
	return args, nil
}

// configuredTaints are those of the KubeletConfigurations among the files that the user data, if it is a cloud-config,
// has cloud-init write.
func configuredTaints(userData string) []corev1.Taint {
	var cloudConfig struct {
		WriteFiles []struct {
			Content string `json:"content"`
		} `json:"write_files"`
	}
	if yaml.Unmarshal([]byte(userData), &cloudConfig) != nil {
		return nil // a script
	}
	var found []corev1.Taint
	for _, file := range cloudConfig.WriteFiles {
		var config kubeletconfig.KubeletConfiguration
		if yaml.Unmarshal([]byte(file.Content), &config) == nil && config.Kind == "KubeletConfiguration" {
			found = append(found, config.RegisterWithTaints...)
		}
	}
	return found
}

func parseLabels(value string) (map[string]string, error) {
	labels := map[string]string{}
	for _, pair := range splitList(value) {
		key, label, found := strings.Cut(pair, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("reading --node-labels=%s: %q is not of the form key=value", value, pair)
		}
		labels[key] = label
	}
	return labels, nil
}

// splitList splits at commas; nothing but an empty string is an empty list.
func splitList(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}
