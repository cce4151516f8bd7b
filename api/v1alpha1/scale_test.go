package v1alpha1_test

import (
	"testing"
)

// kubectl scale, HorizontalPodAutoscalers and KEDA see a NodeGroup as something with replicas:
// minNodes, the nodes there are, and a selector.
func TestScaleSubresource(t *testing.T) {
	applySamples(t)
	setStatus(t)
	env.Kubectl(t, "patch", "ng", "production-workers", "-n", "kube-system", "--subresource=status", "--type=merge",
		"-p", `{"status":{"selector":"autoscaler.vpsie.com/nodegroup=production-workers"}}`)
	for _, version := range []string{"v1alpha1", "v1alpha2", "v1beta1"} {
		got := env.Kubectl(t, "get", "--raw", "/apis/autoscaler.vpsie.com/"+version+"/namespaces/kube-system/nodegroups/production-workers/scale")
		for _, want := range []string{`"replicas":3`, `"replicas":5`, `"selector":"autoscaler.vpsie.com/nodegroup=production-workers"`} {
			checkContains(t, got, want)
		}
	}
	env.Kubectl(t, "scale", "ng/production-workers", "-n", "kube-system", "--replicas=7")
	if got := env.Kubectl(t, "get", "ng/production-workers", "-n", "kube-system", "-o", "jsonpath={.spec.minNodes}"); got != "7" {
		t.Errorf("minNodes is %s after kubectl scale --replicas=7", got)
	}
	output, err := env.Command(t.Context(), "kubectl", "scale", "ng/production-workers", "-n", "kube-system", "--replicas=21").CombinedOutput()
	if err == nil {
		t.Error("kubectl scale goes beyond maxNodes")
	}
	checkContains(t, string(output), "MinNodes exceeds MaxNodes")
}
