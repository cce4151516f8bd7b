package v1alpha1_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// fuzzer makes objects from a schema, so that it knows new fields by itself. Fields with a
// default are always there: the API server would add them.
type fuzzer struct{ *rand.Rand }

func (f fuzzer) object(schema apiextensionsv1.JSONSchemaProps, kind, version, name string) *unstructured.Unstructured {
	spec, status := f.fields(schema.Properties["spec"]), f.fields(schema.Properties["status"])
	if kind == "NodeGroup" {
		f.obey(spec)
		if _, there := status["currentNodes"]; there { // the scale subresource knows none below 0
			status["currentNodes"] = f.Int64N(1 << 31)
		}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.Group + "/" + version, "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": "kube-system"},
		"spec":     spec, "status": status,
	}}
}

// obey changes what the rules between the fields of a NodeGroup do not allow.
func (f fuzzer) obey(spec map[string]any) {
	spec["maxNodes"] = max(spec["minNodes"].(int64), spec["maxNodes"].(int64))
	spec["preferredInstanceType"] = ""
	f.obeyOfferings(spec)
	f.obeyDatacenters(spec)
	if spot, _ := spec["spotInstances"].(map[string]any); spot["maxPercent"] != nil {
		spot["policy"] = "Preferred"
	}
	startup, _ := spec["startupTaints"].([]any)
	for _, taint := range append(slices.Clone(spec["taints"].([]any)), startup...) {
		taint.(map[string]any)["effect"] = []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}[f.IntN(3)]
	}
	selector, _ := spec["nodeSelector"].(map[string]any)
	if len(selector) == 0 {
		delete(spec, "nodeSelectorPolicy")
	}
	for key := range selector {
		if _, both := spec["labels"].(map[string]any)[key]; both {
			selector[key] = spec["labels"].(map[string]any)[key]
		}
	}
	if limits, _ := spec["limits"].(map[string]any); limits["costPerMonth"] != nil {
		limits["costPerMonth"] = []string{"0", "1.50", "999999999.123456"}[f.IntN(3)]
	}
	if kubelet, _ := spec["kubelet"].(map[string]any); kubelet != nil {
		for _, name := range []string{"kubeReserved", "systemReserved"} {
			if kubelet[name] != nil {
				kubelet[name] = map[string]any{"cpu": []any{"100m", int64(1)}[f.IntN(2)], "memory": "512Mi"}
			}
		}
		if kubelet["evictionHard"] != nil {
			kubelet["evictionHard"] = map[string]any{"memory.available": []string{"5%", "200Mi"}[f.IntN(2)]}
		}
	}
	f.obeyNetwork(spec)
	schedules, _ := spec["schedules"].([]any)
	for _, s := range schedules {
		f.obeySchedule(s.(map[string]any))
	}
	disruption, _ := spec["disruption"].(map[string]any)
	budgets, _ := disruption["budgets"].([]any)
	for _, b := range budgets {
		f.obeyBudget(b.(map[string]any))
	}
}

// obeyNetwork leaves a networkConfig that makes sense.
func (f fuzzer) obeyNetwork(spec map[string]any) {
	network, _ := spec["networkConfig"].(map[string]any)
	if network == nil {
		return
	}
	if groups, _ := network["firewallGroups"].([]any); len(groups) > 1 { // each once
		network["firewallGroups"] = groups[:1]
	}
	if vpc, _ := network["vpc"].(map[string]any); vpc != nil {
		if delete(vpc, "id"); f.IntN(2) == 0 || vpc["name"] == nil {
			delete(vpc, "name")
			vpc["id"] = f.Int64N(1<<31-1) + 1
		}
	}
	if gateway, _ := network["gateway"].(map[string]any); gateway != nil {
		gateway["ip"] = []string{"203.0.113.9", "2001:db8::9"}[f.IntN(2)]
	}
	switch network["nodeIP"] {
	case "VPC":
		network["vpc"] = map[string]any{"name": "nodes"}
	case "Private":
		network["privateIP"] = "Enabled"
	default:
		delete(network, "publicIPv4")
	}
}

func (f fuzzer) obeySchedule(s map[string]any) {
	s["cron"], s["paused"] = []string{"0 2 * * *", "@daily"}[f.IntN(2)], f.IntN(2) == 0
	if s["timeZone"] != nil {
		s["timeZone"] = []string{"UTC", "Europe/Berlin"}[f.IntN(2)]
	}
	if least, is := s["minNodes"].(int64); is {
		s["maxNodes"] = least + f.Int64N(1<<31-least)
	}
}

func (f fuzzer) obeyBudget(b map[string]any) {
	if reasons, _ := b["reasons"].([]any); len(reasons) > 1 { // each once
		b["reasons"] = reasons[:1]
	}
	b["cron"], b["durationSeconds"] = []string{"0 2 * * *", "@daily", "*/5 1-3 ? jan 1,5"}[f.IntN(3)], f.Int64N(86400)+60
	b["timeZone"] = []string{"UTC", "Europe/Berlin"}[f.IntN(2)]
	if b["nodes"] = []any{int64(3), "0", "10%"}[f.IntN(3)]; b["kind"] == "Window" {
		delete(b, "nodes")
	}
}

func (f fuzzer) fields(s apiextensionsv1.JSONSchemaProps) map[string]any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		child := s.Properties[name]
		if slices.Contains(s.Required, name) || child.Default != nil || f.IntN(2) == 0 {
			object[name] = f.value(child)
		}
	}
	return object
}

func (f fuzzer) value(s apiextensionsv1.JSONSchemaProps) any {
	switch {
	case len(s.Enum) > 0:
		var value any
		if err := json.Unmarshal(s.Enum[f.IntN(len(s.Enum))].Raw, &value); err != nil {
			panic(err)
		}
		return value
	case s.XIntOrString:
		return []any{"2", "500m", "3Gi", int64(7)}[f.IntN(4)]
	case s.Type == "array":
		return f.list(s)
	case s.AdditionalProperties != nil:
		object := map[string]any{}
		for range f.IntN(3) {
			object["k"+f.text(1, 20)] = f.value(*s.AdditionalProperties.Schema)
		}
		return object
	case s.Type == "object":
		return f.fields(s)
	case s.Type == "boolean":
		return f.IntN(2) == 0
	case s.Type == "integer":
		return f.number(s)
	case s.Format == "date-time":
		return time.Unix(f.Int64N(1<<32), 0).UTC().Format(time.RFC3339)
	case s.Pattern != "":
		return f.patterned(s.Pattern)
	}
	return f.text(deref(s.MinLength, 0), min(deref(s.MaxLength, 300), 300))
}

// list makes the entries of a list map different in their first key.
func (f fuzzer) list(s apiextensionsv1.JSONSchemaProps) any {
	list := []any{}
	for i := range deref(s.MinItems, 0) + f.Int64N(3) {
		item := f.value(*s.Items.Schema)
		if keys := s.XListMapKeys; len(keys) > 0 {
			item.(map[string]any)[keys[0]] = "k" + string(rune('a'+i))
		}
		list = append(list, item)
	}
	return list
}

func (f fuzzer) number(s apiextensionsv1.JSONSchemaProps) int64 {
	least, most := int64(-1<<31), int64(1<<31-1)
	if s.Format == "int64" {
		least, most = -1<<53, 1<<53
	}
	if s.Minimum != nil {
		least = int64(*s.Minimum)
	}
	if s.Maximum != nil {
		most = int64(*s.Maximum)
	}
	switch f.IntN(4) {
	case 0:
		return least
	case 1:
		return most
	}
	return least + f.Int64N(most-least+1)
}

// patterned is a text that the patterns of our schemas allow.
func (f fuzzer) patterned(pattern string) string {
	if strings.HasPrefix(pattern, `^[0-9]`) {
		return []string{"0", "1.50", "300.00"}[f.IntN(3)]
	}
	return "Aa"
}

func (f fuzzer) text(least, most int64) string {
	letters := []rune("abcXYZ019-_ :{}\n\"'äß漢😀")
	var text strings.Builder
	for range least + f.Int64N(max(most-least, 1)) {
		text.WriteRune(letters[f.IntN(len(letters))])
	}
	return text.String()
}

func deref(p *int64, otherwise int64) int64 {
	if p == nil {
		return otherwise
	}
	return *p
}

// obeyDatacenters leaves one of datacenterID and datacenters.
func (f fuzzer) obeyDatacenters(spec map[string]any) {
	_, one := spec["datacenterID"]
	if _, several := spec["datacenters"]; several && (!one || f.IntN(2) == 0) {
		delete(spec, "datacenterID")
		return
	}
	delete(spec, "datacenters")
	delete(spec, "spread")
	if !one {
		spec["datacenterID"] = "dc"
	}
}

// obeyOfferings leaves one of offeringIDs and offeringSelector, which makes sense.
func (f fuzzer) obeyOfferings(spec map[string]any) {
	selector, _ := spec["offeringSelector"].(map[string]any)
	offers, _ := spec["offeringIDs"].([]any)
	if len(offers) > 0 && (len(selector) == 0 || f.IntN(2) == 0) {
		delete(spec, "offeringSelector")
		if f.IntN(2) == 0 {
			spec["preferredInstanceType"] = offers[f.IntN(len(offers))]
		}
		return
	}
	delete(spec, "offeringIDs")
	if len(selector) == 0 {
		selector = map[string]any{"exclude": []any{"x"}}
		spec["offeringSelector"] = selector
	}
	for _, name := range []string{"cpu", "memoryMB"} {
		bounds, _ := selector[name].(map[string]any)
		if least, both := bounds["min"].(int64); both && bounds["max"] != nil {
			bounds["max"] = max(least, bounds["max"].(int64))
		}
	}
	if selector["maxPricePerMonth"] != nil {
		selector["maxPricePerMonth"] = []string{"0", "1.50", "999999999.123456"}[f.IntN(3)]
	}
}
