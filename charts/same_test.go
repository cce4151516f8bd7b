package charts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Kustomize and Helm install the same, save for the image's name, Helm's labels and the Service.
func TestChartSaysWhatKustomizeSays(t *testing.T) {
	kustomization, err := filepath.Abs("../config/default")
	if err != nil {
		t.Fatal(err)
	}
	want := decode(t, env.Kubectl(t, "kustomize", kustomization))
	got := objectsOf(t, "kube-system", "")
	if got["Service/kube-system/vpsie-autoscaler"] == nil {
		t.Error("the chart has no Service for the metrics")
	}
	delete(got, "Service/kube-system/vpsie-autoscaler")
	for _, all := range []map[string]*unstructured.Unstructured{want, got} {
		for _, o := range all {
			forget(t, o)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config/default (-) and the chart (+):\n%s", diff)
	}
}

// forget takes away in what the two may differ.
func forget(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	labels := o.GetLabels()
	for name := range labels {
		if strings.HasPrefix(name, "app.kubernetes.io/") || strings.HasPrefix(name, "helm.sh/") {
			delete(labels, name)
		}
	}
	if len(labels) == 0 {
		labels = nil
	}
	o.SetLabels(labels)
	if o.GetKind() == "CustomResourceDefinition" {
		annotations := o.GetAnnotations()
		delete(annotations, "helm.sh/resource-policy") // of the chart alone: TestCRDsOutliveTheRelease
		o.SetAnnotations(annotations)
	}
	if o.GetKind() == "Deployment" {
		containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		if err != nil || len(containers) != 1 {
			t.Fatalf("the Deployment's containers: %v, %v", containers, err)
		}
		delete(containers[0].(map[string]any), "image")
		if err := unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCRDsOutliveTheRelease(t *testing.T) {
	for values, want := range map[string]string{"": "keep", "crds: {keep: false}": ""} {
		found := 0
		for _, o := range objectsOf(t, "kube-system", values) {
			if o.GetKind() != "CustomResourceDefinition" {
				continue
			}
			found++
			if got := o.GetAnnotations()["helm.sh/resource-policy"]; got != want {
				t.Errorf("%q: helm.sh/resource-policy of %s is %q, want %q", values, o.GetName(), got, want)
			}
		}
		if found != 2 {
			t.Errorf("%q renders %d CustomResourceDefinitions, want 2", values, found)
		}
	}
	for name := range objectsOf(t, "kube-system", "crds: {enabled: false}") {
		if strings.HasPrefix(name, "CustomResourceDefinition/") {
			t.Errorf("crds.enabled is false, and yet there is %s", name)
		}
	}
}

func TestValuesReachTheObjects(t *testing.T) {
	got := objectsOf(t, "kube-system", everything)
	for _, name := range []string{
		"ServiceMonitor/kube-system/vpsie-autoscaler", "PrometheusRule/kube-system/vpsie-autoscaler",
		"ConfigMap/kube-system/vpsie-autoscaler-dashboard", "NetworkPolicy/kube-system/vpsie-autoscaler",
	} {
		if got[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if got["ClusterRole/vpsie-autoscaler-view"] != nil {
		t.Error("userRoles is false, and yet there is the role for viewers")
	}
	text, err := render("kube-system", everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"registry.example/vpsie-autoscaler@sha256:0123456789abcdef", "- --secret=account", "- --cluster-id=production", "- --log-level=debug",
		"- --metrics-bind-address=:9090", "- --health-probe-bind-address=:9091", "- --join-timeout=20m", "replicas: 3",
		"requiredDuringSchedulingIgnoredDuringExecution", "pool: system", "cpu: 200m", "maxUnavailable: 50%", "interval: 15s",
		"resourceNames:\n  - account", "alert: VPSieAutoscalerPodsUnplaced", `"uid": "vpsie-autoscaler"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "priorityClassName") {
		t.Error("an empty priorityClassName is rendered")
	}
}
