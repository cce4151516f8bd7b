package v1alpha1_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What spec.kubelet takes, and of what it refuses, which field is named and the way out.
func TestKubeletValidation(t *testing.T) {
	type m = map[string]any
	kubelet := func(k m) fields { return fields{"spec.kubelet": k} }
	tests := map[string]struct {
		change fields
		refuse []string
	}{
		"all fields": {change: kubelet(m{
			"maxPods":        int64(110),
			"kubeReserved":   m{"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "1Gi", "pid": "1000"},
			"systemReserved": m{"cpu": int64(1)},
			"evictionHard":   m{"memory.available": "200Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%", "imagefs.available": "15%", "imagefs.inodesFree": "5%", "pid.available": "10%"},
		})},
		"empty":                    {change: kubelet(m{})},
		"empty maps":               {change: kubelet(m{"kubeReserved": m{}, "systemReserved": m{}, "evictionHard": m{}})},
		"maxPods 1":                {change: kubelet(m{"maxPods": int64(1)})},
		"maxPods 0":                {change: kubelet(m{"maxPods": int64(0)}), refuse: []string{"spec.kubelet.maxPods"}},
		"maxPods 1000":             {change: kubelet(m{"maxPods": int64(1000)})},
		"maxPods 1001":             {change: kubelet(m{"maxPods": int64(1001)}), refuse: []string{"spec.kubelet.maxPods"}},
		"reserved 0":               {change: kubelet(m{"kubeReserved": m{"cpu": "0"}})},
		"reserved below 0":         {change: kubelet(m{"kubeReserved": m{"cpu": "-1m"}}), refuse: []string{"spec.kubelet.kubeReserved", "must be >= 0"}},
		"system reserved below 0":  {change: kubelet(m{"systemReserved": m{"memory": "-1"}}), refuse: []string{"spec.kubelet.systemReserved", "must be >= 0"}},
		"reserved of a GPU":        {change: kubelet(m{"kubeReserved": m{"example.com/gpu": "1"}}), refuse: []string{"spec.kubelet.kubeReserved", "cpu, memory, ephemeral-storage or pid"}},
		"system reserved of a GPU": {change: kubelet(m{"systemReserved": m{"example.com/gpu": "1"}}), refuse: []string{"spec.kubelet.systemReserved", "cpu, memory, ephemeral-storage or pid"}},
		"reserved in words":        {change: kubelet(m{"kubeReserved": m{"cpu": "some"}}), refuse: []string{"spec.kubelet.kubeReserved"}},
		"a signal of no kind":      {change: kubelet(m{"evictionHard": m{"memory.free": "5%"}}), refuse: []string{"spec.kubelet.evictionHard", "a signal must be memory.available"}},
		"a threshold of 0%":        {change: kubelet(m{"evictionHard": m{"memory.available": "0%"}})},
		"a threshold of 99.5%":     {change: kubelet(m{"evictionHard": m{"memory.available": "99.5%"}})},
		"a threshold of 100%":      {change: kubelet(m{"evictionHard": m{"memory.available": "100%"}}), refuse: []string{"spec.kubelet.evictionHard", "a percentage below 100%"}},
		"a threshold below 0":      {change: kubelet(m{"evictionHard": m{"memory.available": "-5Mi"}}), refuse: []string{"spec.kubelet.evictionHard", "such as 200Mi"}},
		"a field that is not ours": {change: kubelet(m{"podsPerCore": int64(10)}), refuse: []string{"podsPerCore"}},
	}
	c := env.Client(t, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group := example(t, "nodegroup.yaml", "validated")
			test.change.apply(t, group)
			checkRefusal(t, c.Create(t.Context(), group, client.DryRunAll, client.FieldValidation("Strict")), test.refuse...)
		})
	}
}
