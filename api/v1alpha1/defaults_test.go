package v1alpha1_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// bare returns a NodeGroup with the required fields, and those of more, which are below spec.
func bare(name string, more map[string]any) *unstructured.Unstructured {
	spec := map[string]any{
		"minNodes": int64(0), "maxNodes": int64(1), "datacenterID": "d", "offeringIDs": []any{"o"}, "osImageID": "i",
	}
	maps.Copy(spec, more)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaler.vpsie.com/v1alpha1", "kind": "NodeGroup",
		"metadata": map[string]any{"name": name, "namespace": "kube-system"}, "spec": spec,
	}}
}

// The "Default" columns of the reference, as the API server fills them in.
func TestDefaultsOfTheReference(t *testing.T) {
	group := bare("defaulted", nil)
	if err := env.Client(t, nil).Create(t.Context(), group, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	want := bare("", map[string]any{
		"scaleUpPolicy": map[string]any{
			"enabled": true, "stabilizationWindowSeconds": int64(60), "cpuThreshold": int64(80), "memoryThreshold": int64(80),
		},
		"scaleDownPolicy": map[string]any{
			"enabled": true, "stabilizationWindowSeconds": int64(600), "cpuThreshold": int64(50), "memoryThreshold": int64(50),
			"unneededTime": int64(600),
		},
		"labels": map[string]any{}, "taints": []any{}, "sshKeyIDs": []any{}, "tags": []any{},
		"userData": "", "preferredInstanceType": "", "allowMixedInstances": false,
	}).Object["spec"]
	if diff := cmp.Diff(want, group.Object["spec"]); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

// SetDefaults stands in for the API server where objects come from files: the two must not drift.
func TestSetDefaultsFillsWhatTheAPIServerFills(t *testing.T) {
	for name, more := range map[string]map[string]any{
		"nothing given":        nil,
		"empty policies":       {"scaleUpPolicy": map[string]any{}, "scaleDownPolicy": map[string]any{}},
		"null policies":        {"scaleUpPolicy": nil, "scaleDownPolicy": nil},
		"both switched off":    {"scaleUpPolicy": map[string]any{"enabled": false}, "scaleDownPolicy": map[string]any{"enabled": false}},
		"thresholds of 0":      {"scaleUpPolicy": map[string]any{"cpuThreshold": int64(0)}, "scaleDownPolicy": map[string]any{"memoryThreshold": int64(0)}},
		"windows":              {"scaleUpPolicy": map[string]any{"stabilizationWindowSeconds": int64(1)}, "scaleDownPolicy": map[string]any{"stabilizationWindowSeconds": int64(2)}},
		"unneededTime of 0":    {"scaleDownPolicy": map[string]any{"unneededTime": int64(0)}},
		"mixed types and more": {"allowMixedInstances": true, "tags": []any{"t"}, "userData": "#cloud-config"},
	} {
		t.Run(name, func(t *testing.T) {
			server, local := bare("defaulted", more), typed(t, bare("defaulted", more))
			if err := env.Client(t, nil).Create(t.Context(), server, client.DryRunAll); err != nil {
				t.Fatal(err)
			}
			local.SetDefaults()
			if diff := cmp.Diff(typed(t, server).Spec, local.Spec, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("spec (-API server +SetDefaults):\n%s", diff)
			}
		})
	}
}

func typed(t *testing.T, object *unstructured.Unstructured) *v1alpha1.NodeGroup {
	t.Helper()
	var group v1alpha1.NodeGroup
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &group); err != nil {
		t.Fatal(err)
	}
	return &group
}

// A Go client must be able to say false and 0, which the API server would otherwise replace.
func TestZeroValuesSurviveAGoClient(t *testing.T) {
	c := env.Client(t, nil)
	group := typed(t, bare("zeroes", nil))
	group.Spec.ScaleUpPolicy = v1alpha1.ScaleUpPolicy{Enabled: new(false), CPUThreshold: new(int32(0)), MemoryThreshold: new(int32(0))}
	group.Spec.ScaleDownPolicy = v1alpha1.ScaleDownPolicy{Enabled: new(false), CPUThreshold: new(int32(0)), UnneededTime: new(int32(0))}
	if err := c.Create(t.Context(), group.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	var got v1alpha1.NodeGroup
	for range 2 {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(group), &got); err != nil {
			t.Fatal(err)
		}
		want := typed(t, bare("zeroes", nil))
		want.Spec.ScaleUpPolicy, want.Spec.ScaleDownPolicy = group.Spec.ScaleUpPolicy, group.Spec.ScaleDownPolicy
		want.SetDefaults()
		if diff := cmp.Diff(want.Spec, got.Spec, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("spec (-want +got):\n%s", diff)
		}
		got.Labels = map[string]string{"written": "back"}
		if err := c.Update(t.Context(), &got); err != nil {
			t.Fatal(err)
		}
	}
}
