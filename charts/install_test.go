package charts_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

// apply has the API server take the rendered chart, every field of it.
func apply(t *testing.T, namespace, values string) {
	t.Helper()
	text, err := render(namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rendered.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env.Kubectl(t, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", file)
}

func TestAPIServerTakesTheChart(t *testing.T) {
	apply(t, config.Namespace, "")
	// The Prometheus operator's kinds are not served here.
	apply(t, config.Namespace, strings.NewReplacer(
		"serviceMonitor: {enabled: true", "serviceMonitor: {enabled: false",
		"prometheusRule: {enabled: true", "prometheusRule: {enabled: false").Replace(everything))
}

func TestPodsMeetTheRestrictedStandard(t *testing.T) {
	apply(t, config.Namespace, "")
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
	pod.Spec.Containers[0].SecurityContext = nil
	if err := c.Create(t.Context(), pod, client.DryRunAll); err == nil || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("a pod without its security context: %v, want a refusal: the test proves nothing", err)
	}
}

// In a namespace of its own the autoscaler has the same rights there, and bootstrap tokens in kube-system.
func TestRightsInAnotherNamespace(t *testing.T) {
	const namespace = "nodes"
	c := env.Client(t, nil)
	if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		t.Fatal(err)
	}
	apply(t, namespace, "secretName: account")
	defer apply(t, config.Namespace, "") // the cluster's one installation goes back
	if !strings.Contains(fmt.Sprint(objectsOf(t, namespace, "")["Deployment/nodes/vpsie-autoscaler"]), "--namespace=nodes") {
		t.Error("the autoscaler is not told its namespace")
	}
	user := "system:serviceaccount:" + namespace + ":" + config.Name
	for _, right := range []struct {
		verb, group, resource, namespace, name string
		want                                   bool
	}{
		{"update", "autoscaler.vpsie.com", "nodegroups", namespace, "", true},
		{"create", "autoscaler.vpsie.com", "vpsienodes", namespace, "", true},
		{"update", "coordination.k8s.io", "leases", namespace, "", true},
		{"watch", "", "secrets", namespace, "account", true},
		{"create", "", "secrets", "kube-system", "", true},
		{"get", "", "configmaps", "kube-public", "cluster-info", true},
		{"patch", "", "nodes", "", "", true},
		{"get", "", "secrets", namespace, "vpsie-secret", false},
		{"get", "", "secrets", "kube-system", "account", false},
		{"create", "autoscaler.vpsie.com", "vpsienodes", "default", "", false},
	} {
		testenv.Eventually(t, func(ctx context.Context) error {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: user, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: right.verb, Group: right.group, Resource: right.resource, Namespace: right.namespace, Name: right.name,
				},
			}}
			if err := c.Create(ctx, review); err != nil {
				return err
			}
			if review.Status.Allowed != right.want {
				return fmt.Errorf("%+v: allowed is %v", right, review.Status.Allowed)
			}
			return nil
		})
	}
	policyNames(t, user)
}

// policyNames checks that the admission policies mean that user, or the namespace where it is the namespace that counts.
func policyNames(t *testing.T, user string) {
	t.Helper()
	found := 0
	for name, o := range objectsOf(t, "nodes", "") {
		if !strings.HasPrefix(name, "ValidatingAdmissionPolicy/") {
			continue
		}
		found++
		means := user
		if strings.HasSuffix(name, "-namespace") {
			means = "nodes"
		}
		if !strings.Contains(fmt.Sprint(o.Object), "'"+means+"'") {
			t.Errorf("%s does not name %s", name, means)
		}
	}
	if found != 3 {
		t.Errorf("there are %d admission policies, want 3", found)
	}
}
