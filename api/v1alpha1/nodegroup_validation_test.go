package v1alpha1_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The rules of the reference's "NodeGroup Validation": the boundary is accepted, the value beyond
// it refused with a message that names the field.
func TestNodeGroupValidation(t *testing.T) {
	one := []any{"small-2cpu-4gb"}
	tests := map[string]struct {
		change fields
		refuse []string
	}{
		"minNodes 0":                                 {change: fields{"spec.minNodes": int64(0)}},
		"minNodes -1":                                {change: fields{"spec.minNodes": int64(-1)}, refuse: []string{"spec.minNodes"}},
		"minNodes absent":                            {change: fields{"spec.minNodes": absent}, refuse: []string{"spec.minNodes", "Required"}},
		"minNodes a word":                            {change: fields{"spec.minNodes": "three"}, refuse: []string{"spec.minNodes"}},
		"maxNodes 1":                                 {change: fields{"spec.minNodes": int64(0), "spec.maxNodes": int64(1)}},
		"maxNodes 0":                                 {change: fields{"spec.minNodes": int64(0), "spec.maxNodes": int64(0)}, refuse: []string{"spec.maxNodes"}},
		"maxNodes absent":                            {change: fields{"spec.maxNodes": absent}, refuse: []string{"spec.maxNodes", "Required"}},
		"maxNodes equal to minNodes":                 {change: fields{"spec.minNodes": int64(7), "spec.maxNodes": int64(7)}},
		"maxNodes below minNodes":                    {change: fields{"spec.minNodes": int64(7), "spec.maxNodes": int64(6)}, refuse: []string{"spec.maxNodes", "MinNodes exceeds MaxNodes"}},
		"datacenterID one letter":                    {change: fields{"spec.datacenterID": "d"}},
		"datacenterID empty":                         {change: fields{"spec.datacenterID": ""}, refuse: []string{"spec.datacenterID"}},
		"datacenterID absent":                        {change: fields{"spec.datacenterID": absent}, refuse: []string{"spec.datacenterID", "Required"}},
		"datacenters":                                {change: across(fields{"spec.spread": "Balanced"}, "a", "b")},
		"datacenters, one":                           {change: across(nil, "a")},
		"datacenters, none":                          {change: across(nil), refuse: []string{"spec.datacenters", "at least 1"}},
		"datacenters 20":                             {change: across(nil, letters(20)...)},
		"datacenters 21":                             {change: across(nil, letters(21)...), refuse: []string{"spec.datacenters", "20"}},
		"datacenters, an empty one":                  {change: across(nil, "a", ""), refuse: []string{"spec.datacenters[1].id"}},
		"datacenters, one twice":                     {change: across(nil, "a", "b", "a"), refuse: []string{"spec.datacenters[2]", "Duplicate"}},
		"datacenters, one twice in other letters":    {change: across(nil, "a", "A"), refuse: []string{"spec.datacenters", "name each once"}},
		"datacenters and datacenterID":               {change: across(fields{"spec.datacenterID": "a"}, "a"), refuse: []string{"spec.datacenters", "remove one of the two"}},
		"datacenters with a zone label":              {change: across(fields{"spec.labels": map[string]any{"topology.kubernetes.io/zone": "a"}}, "a"), refuse: []string{"spec.labels", "remove the label, or use datacenterID"}},
		"datacenters with a selected zone":           {change: across(fields{"spec.nodeSelector": map[string]any{"topology.kubernetes.io/zone": "a"}}, "a"), refuse: []string{"spec.nodeSelector", "remove it, or use datacenterID"}},
		"spread of no kind":                          {change: across(fields{"spec.spread": "Even"}, "a"), refuse: []string{"spec.spread", "Balanced"}},
		"spread with datacenterID":                   {change: fields{"spec.spread": "Cheapest"}, refuse: []string{"spec.spread", "name the datacenters in datacenters"}},
		"spotInstances":                              {change: fields{"spec.spotInstances": map[string]any{"policy": "Preferred", "maxPercent": int64(50)}}},
		"spotInstances, required":                    {change: fields{"spec.spotInstances": map[string]any{"policy": "Required", "maxPercent": int64(100)}}},
		"spotInstances of no policy":                 {change: fields{"spec.spotInstances": map[string]any{"policy": "Always"}}, refuse: []string{"spec.spotInstances.policy", "Preferred"}},
		"spotInstances 0 percent":                    {change: fields{"spec.spotInstances": map[string]any{"policy": "Preferred", "maxPercent": int64(0)}}},
		"spotInstances -1 percent":                   {change: fields{"spec.spotInstances": map[string]any{"policy": "Preferred", "maxPercent": int64(-1)}}, refuse: []string{"spec.spotInstances.maxPercent"}},
		"spotInstances 101 percent":                  {change: fields{"spec.spotInstances": map[string]any{"policy": "Preferred", "maxPercent": int64(101)}}, refuse: []string{"spec.spotInstances.maxPercent"}},
		"spotInstances, a part required":             {change: fields{"spec.spotInstances": map[string]any{"policy": "Required", "maxPercent": int64(99)}}, refuse: []string{"spec.spotInstances.maxPercent", "needs policy Preferred"}},
		"offeringIDs one":                            {change: fields{"spec.offeringIDs": one, "spec.preferredInstanceType": ""}},
		"offeringIDs none":                           {change: fields{"spec.offeringIDs": []any{}, "spec.preferredInstanceType": ""}, refuse: []string{"spec.offeringIDs"}},
		"offeringIDs absent":                         {change: fields{"spec.offeringIDs": absent}, refuse: []string{"spec.offeringIDs", "Required"}},
		"offeringIDs an empty one":                   {change: fields{"spec.offeringIDs": []any{""}, "spec.preferredInstanceType": ""}, refuse: []string{"spec.offeringIDs[0]"}},
		"osImageID one letter":                       {change: fields{"spec.osImageID": "u"}},
		"osImageID empty":                            {change: fields{"spec.osImageID": ""}, refuse: []string{"spec.osImageID"}},
		"osImageID absent":                           {change: fields{"spec.osImageID": absent}, refuse: []string{"spec.osImageID", "Required"}},
		"offeringIDs and a selector":                 {change: fields{"spec.offeringSelector": map[string]any{"cpu": map[string]any{"min": int64(2)}}}, refuse: []string{"spec.offeringSelector", "remove one of the two"}},
		"offeringSelector alone":                     {change: selecting(map[string]any{"cpu": map[string]any{"min": int64(2), "max": int64(2)}, "memoryMB": map[string]any{"max": int64(8192)}, "categories": map[string]any{"include": []any{"x"}, "exclude": []any{"A"}}, "exclude": []any{"id"}, "maxPricePerMonth": "80.00"})},
		"offeringSelector, any preferred":            {change: fields{"spec.offeringIDs": absent, "spec.preferredInstanceType": "huge", "spec.offeringSelector": map[string]any{"exclude": []any{"x"}}}},
		"offeringSelector of nothing":                {change: selecting(map[string]any{}), refuse: []string{"spec.offeringSelector", "at least 1 propert"}},
		"offeringSelector.cpu reversed":              {change: selecting(map[string]any{"cpu": map[string]any{"min": int64(3), "max": int64(2)}}), refuse: []string{"spec.offeringSelector.cpu", "max must be >= min"}},
		"offeringSelector.memoryMB reversed":         {change: selecting(map[string]any{"memoryMB": map[string]any{"min": int64(3), "max": int64(2)}}), refuse: []string{"spec.offeringSelector.memoryMB", "max must be >= min"}},
		"offeringSelector.cpu.min -1":                {change: selecting(map[string]any{"cpu": map[string]any{"min": int64(-1)}}), refuse: []string{"spec.offeringSelector.cpu.min"}},
		"offeringSelector.cpu.max -1":                {change: selecting(map[string]any{"cpu": map[string]any{"max": int64(-1)}}), refuse: []string{"spec.offeringSelector.cpu.max"}},
		"offeringSelector.memoryMB.max -1":           {change: selecting(map[string]any{"memoryMB": map[string]any{"max": int64(-1)}}), refuse: []string{"spec.offeringSelector.memoryMB.max"}},
		"offeringSelector.memoryMB.min -1":           {change: selecting(map[string]any{"memoryMB": map[string]any{"min": int64(-1)}}), refuse: []string{"spec.offeringSelector.memoryMB.min"}},
		"offeringSelector.maxPricePerMonth in euros": {change: selecting(map[string]any{"maxPricePerMonth": "80 EUR"}), refuse: []string{"spec.offeringSelector.maxPricePerMonth", "without a currency"}},
		"preferred type not an offer":                {change: fields{"spec.preferredInstanceType": "huge"}, refuse: []string{"spec.preferredInstanceType", "offeringIDs"}},
		"preferred type absent":                      {change: fields{"spec.preferredInstanceType": absent}},
		"taint with each effect":                     {change: fields{"spec.taints": []any{taint("NoSchedule"), taint("PreferNoSchedule"), taint("NoExecute")}}},
		"taint with an unknown effect":               {change: fields{"spec.taints": []any{taint("Never")}}, refuse: []string{"spec.taints", "effect"}},
		"taint of the autoscaler's own":              {change: fields{"spec.taints": []any{taint("NoSchedule"), map[string]any{"key": "autoscaler.vpsie.com/uninitialized", "effect": "NoSchedule"}}}, refuse: []string{"spec.taints", "autoscaler.vpsie.com/uninitialized", "leave it out"}},
		"taint without a key":                        {change: fields{"spec.taints": []any{map[string]any{"effect": "NoSchedule"}}}, refuse: []string{"spec.taints[0].key"}},
		"sshKeyIDs an empty one":                     {change: fields{"spec.sshKeyIDs": []any{""}}, refuse: []string{"spec.sshKeyIDs[0]"}},
		"tags an empty one":                          {change: fields{"spec.tags": []any{"t", ""}}, refuse: []string{"spec.tags[1]"}},
		"userData of 64 KiB":                         {change: fields{"spec.userData": strings.Repeat("u", 65536)}},
		"userData above 64 KiB":                      {change: fields{"spec.userData": strings.Repeat("u", 65537)}, refuse: []string{"spec.userData"}},
		"unneededTime 0":                             {change: fields{"spec.scaleDownPolicy.unneededTime": int64(0)}},
		"unneededTime -1":                            {change: fields{"spec.scaleDownPolicy.unneededTime": int64(-1)}, refuse: []string{"spec.scaleDownPolicy.unneededTime"}},
		"name of 51 characters":                      {change: fields{"metadata.name": strings.Repeat("n", 51)}},
		"name of 52 characters":                      {change: fields{"metadata.name": strings.Repeat("n", 52)}, refuse: []string{"metadata.name", "51"}},
		"name with a dot":                            {change: fields{"metadata.name": "a.b"}, refuse: []string{"metadata.name", "dot"}},
		"offeringIDs 500":                            {change: fields{"spec.offeringIDs": names(500), "spec.preferredInstanceType": ""}},
		"offeringIDs 501":                            {change: fields{"spec.offeringIDs": names(501), "spec.preferredInstanceType": ""}, refuse: []string{"spec.offeringIDs", "500"}},
		"nodeSelector":                               {change: fields{"spec.nodeSelector": map[string]any{"team": "ml"}, "spec.nodeSelectorPolicy": "Require"}},
		"nodeSelector as a label":                    {change: fields{"spec.nodeSelector": map[string]any{"environment": "production"}}},
		"nodeSelector against a label":               {change: fields{"spec.nodeSelector": map[string]any{"environment": "test"}}, refuse: []string{"spec.nodeSelector", "labels has another value", "use one value in both"}},
		"nodeSelector of Windows":                    {change: fields{"spec.nodeSelector": map[string]any{"kubernetes.io/os": "windows"}}, refuse: []string{"spec.nodeSelector", "kubernetes.io/os must be linux"}},
		"nodeSelectorPolicy without one":             {change: fields{"spec.nodeSelectorPolicy": "Require"}, refuse: []string{"spec.nodeSelectorPolicy", "add one, or use Prefer"}},
		"nodeSelectorPolicy Prefer":                  {change: fields{"spec.nodeSelectorPolicy": "Prefer"}},
		"nodeSelectorPolicy of no kind":              {change: fields{"spec.nodeSelectorPolicy": "Maybe"}, refuse: []string{"spec.nodeSelectorPolicy", "Prefer"}},
		"startupTaints":                              {change: fields{"spec.startupTaints": []any{taint("NoSchedule")}}},
		"startup taint of no effect":                 {change: fields{"spec.startupTaints": []any{taint("Never")}}, refuse: []string{"spec.startupTaints", "effect"}},
		"startup taint, our own":                     {change: fields{"spec.startupTaints": []any{map[string]any{"key": "autoscaler.vpsie.com/uninitialized", "effect": "NoSchedule"}}}, refuse: []string{"spec.startupTaints", "leave it out"}},
		"limits":                                     {change: fields{"spec.limits": map[string]any{"cpu": "64", "memory": "256Gi", "costPerMonth": "300.00"}}},
		"limits of 0":                                {change: fields{"spec.limits": map[string]any{"cpu": int64(0), "memory": "0", "costPerMonth": "0"}}},
		"limits.cpu -1":                              {change: fields{"spec.limits": map[string]any{"cpu": int64(-1)}}, refuse: []string{"spec.limits.cpu", "must be >= 0"}},
		"limits.memory -1":                           {change: fields{"spec.limits": map[string]any{"memory": "-1Gi"}}, refuse: []string{"spec.limits.memory", "must be >= 0"}},
		"limits.memory a word":                       {change: fields{"spec.limits": map[string]any{"memory": "much"}}, refuse: []string{"spec.limits.memory"}},
		"limits.costPerMonth in euros":               {change: fields{"spec.limits": map[string]any{"costPerMonth": "300 EUR"}}, refuse: []string{"spec.limits.costPerMonth", "without a currency"}},
		"limits.costPerMonth negative":               {change: fields{"spec.limits": map[string]any{"costPerMonth": "-1"}}, refuse: []string{"spec.limits.costPerMonth"}},
		"limits.costPerMonth 7 decimals":             {change: fields{"spec.limits": map[string]any{"costPerMonth": "1.0000001"}}, refuse: []string{"spec.limits.costPerMonth"}},
		"only the required fields":                   {change: fields{"spec.scaleUpPolicy": absent, "spec.scaleDownPolicy": absent, "spec.labels": absent, "spec.taints": absent, "spec.sshKeyIDs": absent, "spec.tags": absent, "spec.preferredInstanceType": absent, "spec.allowMixedInstances": absent}},
		"spec absent":                                {change: fields{"spec": absent}, refuse: []string{"spec", "Required"}},
		"labels with Linux":                          {change: fields{"spec.labels": map[string]any{"kubernetes.io/os": "linux"}}},
		"labels with Windows":                        {change: fields{"spec.labels": map[string]any{"kubernetes.io/os": "windows"}}, refuse: []string{"spec.labels", "kubernetes.io/os must be linux"}},
		"labels with Windows, as before":             {change: fields{"spec.labels": map[string]any{"beta.kubernetes.io/os": "windows"}}, refuse: []string{"spec.labels", "kubernetes.io/os must be linux"}},
		"labels with a value not a text":             {change: fields{"spec.labels": map[string]any{"a": int64(1)}}, refuse: []string{"spec.labels"}},
	}
	c := env.Client(t, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group := example(t, "nodegroup.yaml", "validated")
			test.change.apply(t, group)
			checkRefusal(t, c.Create(t.Context(), group, client.DryRunAll), test.refuse...)
		})
	}
}

// across sets datacenters in the place of datacenterID, and more fields.
func across(more fields, ids ...string) fields {
	list := []any{}
	for _, id := range ids {
		list = append(list, map[string]any{"id": id})
	}
	all := fields{"spec.datacenterID": absent, "spec.datacenters": list}
	maps.Copy(all, more)
	return all
}

// letters are the first n of the alphabet.
func letters(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = string(rune('a' + i))
	}
	return list
}

// names are so many instance types.
func names(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = fmt.Sprintf("type-%d", i)
	}
	return list
}

func taint(effect string) map[string]any { return map[string]any{"key": "k", "effect": effect} }

func TestPolicyValidation(t *testing.T) {
	c := env.Client(t, nil)
	for _, policy := range []string{"scaleUpPolicy", "scaleDownPolicy"} {
		for field, values := range map[string]struct{ accept, refuse []int64 }{
			"cpuThreshold":               {accept: []int64{0, 100}, refuse: []int64{-1, 101}},
			"memoryThreshold":            {accept: []int64{0, 100}, refuse: []int64{-1, 101}},
			"stabilizationWindowSeconds": {accept: []int64{1}, refuse: []int64{0, -1}},
		} {
			path := "spec." + policy + "." + field
			t.Run(path, func(t *testing.T) {
				create := func(value int64) error {
					group := example(t, "nodegroup.yaml", "validated")
					fields{path: value}.apply(t, group)
					return c.Create(t.Context(), group, client.DryRunAll)
				}
				for _, value := range values.accept {
					checkRefusal(t, create(value))
				}
				for _, value := range values.refuse {
					checkRefusal(t, create(value), path)
				}
			})
		}
	}
}

func TestNodeGroupUpdateIsValidated(t *testing.T) {
	c := env.Client(t, nil)
	group := example(t, "nodegroup.yaml", "updated")
	if err := c.Create(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	fields{"spec.minNodes": int64(20)}.apply(t, group)
	if err := c.Update(t.Context(), group); err != nil {
		t.Errorf("raising minNodes to maxNodes: %v", err)
	}
	fields{"spec.minNodes": int64(21)}.apply(t, group)
	checkRefusal(t, c.Update(t.Context(), group), "spec.maxNodes", "MinNodes exceeds MaxNodes")
}

// selecting sets the selector in the place of offeringIDs.
func selecting(selector map[string]any) fields {
	return fields{"spec.offeringIDs": absent, "spec.preferredInstanceType": "", "spec.offeringSelector": selector}
}
