package config_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

func TestEveryDirectoryBuilds(t *testing.T) {
	paths, err := fs.Glob(config.FS, "*/kustomization.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found %v (%v)", paths, err)
	}
	for _, path := range paths {
		env.Kubectl(t, "kustomize", strings.TrimSuffix(path, "/kustomization.yaml"))
	}
}

// A file that no kustomization names would be forgotten by an installation.
func TestDefaultInstallsEveryManifest(t *testing.T) {
	want, got := map[string]bool{}, map[string]bool{}
	for _, pattern := range []string{"rbac/*.yaml", "admission/*.yaml", "manager/*.yaml"} {
		paths, err := fs.Glob(config.FS, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := fs.ReadFile(config.FS, path)
			if err != nil {
				t.Fatal(err)
			}
			collect(t, want, text)
		}
	}
	want["CustomResourceDefinition/nodegroups.autoscaler.vpsie.com"] = true
	want["CustomResourceDefinition/vpsienodes.autoscaler.vpsie.com"] = true
	collect(t, got, []byte(env.Kubectl(t, "kustomize", "default")))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config/default (-want +got):\n%s", diff)
	}
}

func collect(t *testing.T, into map[string]bool, text []byte) {
	t.Helper()
	objects, err := testenv.Objects(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetKind() != "Kustomization" {
			name := object.GetName()
			if namespace := object.GetNamespace(); namespace != "" {
				name = namespace + "/" + name
			}
			into[object.GetKind()+"/"+name] = true
		}
	}
}

// The pods must be admitted where the restricted Pod Security Standard is enforced.
func TestDeploymentMeetsTheRestrictedStandard(t *testing.T) {
	install(t)
	c := env.Client(t, nil)
	var deployment appsv1.Deployment
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: config.Namespace, Name: config.Name}, &deployment); err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "restricted", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := c.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "restricted"}, Spec: deployment.Spec.Template.Spec}
	if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("a pod of the Deployment: %v", err)
	}
	pod.Spec.SecurityContext = nil
	if err := c.Create(t.Context(), pod, client.DryRunAll); err == nil || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("a pod without its security context: %v, want a refusal: the test proves nothing", err)
	}
}

func TestAutoscalerTouchesNoSecretButBootstrapTokens(t *testing.T) {
	install(t)
	admin, autoscaler := env.Client(t, nil), env.Client(t, env.As(config.User))
	secret := func(name string, kind corev1.SecretType) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: name}, Type: kind}
	}
	const policy = "creates and deletes no Secret but"
	testenv.Eventually(t, func(ctx context.Context) error {
		err := autoscaler.Create(ctx, secret("other", corev1.SecretTypeOpaque), client.DryRunAll)
		if err == nil || !strings.Contains(err.Error(), policy) {
			return errors.Join(errors.New("creating an opaque Secret is not refused by the policy"), err)
		}
		return nil
	})
	other := secret("other", corev1.SecretTypeOpaque)
	if err := admin.Create(t.Context(), other); err != nil {
		t.Fatalf("the policy is in another user's way: %v", err)
	}
	if err := autoscaler.Delete(t.Context(), other); err == nil || !strings.Contains(err.Error(), policy) {
		t.Errorf("deleting an opaque Secret: %v, want a refusal by the policy", err)
	}
	token := secret("bootstrap-token-abcdef", corev1.SecretTypeBootstrapToken)
	if err := autoscaler.Create(t.Context(), token); err != nil {
		t.Errorf("creating a bootstrap token: %v", err)
	}
	if err := autoscaler.Delete(t.Context(), token); err != nil {
		t.Errorf("deleting a bootstrap token: %v", err)
	}
}

// Whoever applies a NodeGroup to a namespace that is not served hears of it at once.
func TestOtherNamespacesAreWarnedOf(t *testing.T) {
	install(t)
	manifest, err := fs.ReadFile(config.FS, "samples/nodegroup.yaml")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.Replace(string(manifest), "namespace: kube-system", "namespace: default", 1)
	testenv.Eventually(t, func(ctx context.Context) error { // the policy takes a moment to be in force
		for text, warned := range map[string]bool{string(manifest): false, elsewhere: true} {
			apply := env.Command(ctx, "kubectl", "apply", "--dry-run=server", "-f", "-")
			apply.Stdin = strings.NewReader(text)
			out, err := apply.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			if got := strings.Contains(string(out), "serves namespace kube-system alone"); got != warned {
				return fmt.Errorf("warned %t, want %t: %s", got, warned, out)
			}
		}
		return nil
	})
}

func TestNamesAreThoseOfTheManifests(t *testing.T) {
	install(t)
	c := env.Client(t, nil)
	key := client.ObjectKey{Namespace: config.Namespace, Name: config.Name}
	if err := c.Get(t.Context(), key, &corev1.ServiceAccount{}); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"admission/vpsienodes.yaml", "admission/secrets.yaml"} {
		text, err := fs.ReadFile(config.FS, path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "'"+config.User+"'") {
			t.Errorf("%s does not name %s", path, config.User)
		}
	}
}

func TestSamplesApply(t *testing.T) {
	install(t)
	env.Kubectl(t, "apply", "--validate=strict", "-f", "samples")
}
