package real

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

// kubeadmConfig is what `kubeadm init` would have been told. The control plane is there already; only the phases that
// publish things for joining machines run.
const kubeadmConfig = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: {name: control-plane, criSocket: "unix:///run/containerd/containerd.sock"}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: %s
controlPlaneEndpoint: %s
networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
`

// initialize has kubeadm publish what `kubeadm join` reads, and gives bootstrap tokens their rights.
func initialize(ctx context.Context, s *stack.Stack, kubeadm, dir string) error {
	client, err := kubernetes.NewForConfig(s.Cluster.Config())
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("asking for the cluster's version: %w", err)
	}
	config := filepath.Join(dir, "kubeadm.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, kubeadmConfig, version.GitVersion, s.Cluster.Endpoint()), 0o600); err != nil {
		return fmt.Errorf("writing kubeadm's configuration: %w", err)
	}
	for _, phase := range [][]string{{"upload-config", "kubeadm"}, {"upload-config", "kubelet"}, {"bootstrap-token", "--skip-token-print"}} {
		args := append([]string{"init", "phase"}, phase...)
		if err := run(ctx, kubeadm, append(args, "--config="+config, "--kubeconfig="+s.Cluster.Kubeconfig())...); err != nil {
			return err
		}
	}
	// kubeadm has published the address of its own kubeconfig, which guests cannot reach.
	if err := s.PublishEndpoint(ctx, client); err != nil {
		return err
	}
	// It has also minted a token that nobody needs: each machine gets one of its own.
	return client.CoreV1().Secrets(metav1.NamespaceSystem).DeleteCollection(ctx, metav1.DeleteOptions{},
		metav1.ListOptions{FieldSelector: "type=" + string(corev1.SecretTypeBootstrapToken)})
}
