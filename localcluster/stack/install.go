package stack

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// install applies what a user applies, save for the Deployment: here the controller is a process.
func (s *Stack) install(ctx context.Context) error {
	manifests, err := manifests()
	if err != nil {
		return err
	}
	if err := s.kubectl(ctx, manifests, "apply", "--server-side", "-f", "-"); err != nil {
		return fmt.Errorf("applying the manifests: %w", err)
	}
	// Objects of these kinds are refused until the API server serves them.
	if err := s.kubectl(ctx, nil, "wait", "--for=condition=Established", "--timeout=60s",
		"crd/nodegroups."+v1alpha1.GroupVersion.Group, "crd/vpsienodes."+v1alpha1.GroupVersion.Group); err != nil {
		return fmt.Errorf("waiting for the CustomResourceDefinitions: %w", err)
	}
	client, err := kubernetes.NewForConfig(s.Cluster.Config())
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if err := s.createSecret(ctx, client); err != nil {
		return err
	}
	return s.PublishEndpoint(ctx, client)
}

// manifests are the project's, as one YAML stream.
func manifests() ([]byte, error) {
	var all bytes.Buffer
	for _, source := range []struct {
		files   fs.FS
		pattern string
	}{{v1alpha1.CRDs, "crds/*.yaml"}, {config.FS, "rbac/*.yaml"}, {config.FS, "admission/*.yaml"}} {
		files, err := fs.Glob(source.files, source.pattern)
		if err != nil {
			return nil, fmt.Errorf("finding the manifests: %w", err)
		}
		for _, file := range files {
			if path.Base(file) == "kustomization.yaml" {
				continue
			}
			content, err := fs.ReadFile(source.files, file)
			if err != nil {
				return nil, fmt.Errorf("reading the manifests: %w", err)
			}
			all.WriteString("---\n")
			all.Write(content)
			all.WriteString("\n")
		}
	}
	return all.Bytes(), nil
}

func (s *Stack) kubectl(ctx context.Context, stdin []byte, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.options.BinDir, "kubectl"), append(args, "--kubeconfig="+s.Cluster.Kubeconfig())...)
	cmd.Stdin = bytes.NewReader(stdin)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

func (s *Stack) createSecret(ctx context.Context, client kubernetes.Interface) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "vpsie-secret", Namespace: config.Namespace},
		StringData: map[string]string{
			"token":           vpsietest.DefaultToken,
			"url":             s.Cloud.URL(),
			"accountPassword": vpsietest.DefaultAccountPassword,
			"projectId":       vpsietest.Identifier("project", vpsietest.DefaultCatalogue().Projects[0].Name),
		},
	}
	if _, err := client.CoreV1().Secrets(secret.Namespace).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	return nil
}

// PublishEndpoint publishes the API server's address and certificate as kubeadm does: machines join by it.
func (s *Stack) PublishEndpoint(ctx context.Context, client kubernetes.Interface) error {
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[""] = &clientcmdapi.Cluster{
		Server: "https://" + s.Cluster.Endpoint(), CertificateAuthorityData: s.Cluster.Config().CAData,
	}
	content, err := clientcmd.Write(*kubeconfig)
	if err != nil {
		return fmt.Errorf("writing cluster-info: %w", err)
	}
	info := corev1ac.ConfigMap("cluster-info", metav1.NamespacePublic).WithData(map[string]string{"kubeconfig": string(content)})
	_, err = client.CoreV1().ConfigMaps(metav1.NamespacePublic).Apply(ctx, info, metav1.ApplyOptions{FieldManager: "localcluster", Force: true})
	if err != nil {
		return fmt.Errorf("publishing the API server's address: %w", err)
	}
	return nil
}
