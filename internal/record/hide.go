package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// hiding replaces names that tell of a business: those of namespaces, pods, workloads,
// volumes and budgets, and the values of labels that are not Kubernetes' own. The names of
// nodes, NodeGroups and offerings stay.
type hiding struct {
	names, values map[string]string
	// owned are claims that are named after a pod, which they must stay: by name, the pod's.
	owned map[string]string
}

// HideNames replaces names. The new ones sort as the old ones do, but a plan may choose
// another of equal nodes, so the fingerprint of the plan is taken away.
func (r *Record) HideNames() error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("hiding names: %w", err)
	}
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber()
	var tree map[string]any
	if err := numbers.Decode(&tree); err != nil {
		return fmt.Errorf("hiding names: %w", err)
	}
	h := &hiding{names: map[string]string{}, values: map[string]string{}, owned: map[string]string{}}
	h.collect(tree)
	for _, own := range r.ownNames() {
		delete(h.names, own)
		delete(h.values, own)
	}
	number(h.names, "n")
	number(h.values, "v")
	for claim, pod := range h.owned {
		h.names[claim] = h.names[pod] + strings.TrimPrefix(claim, pod)
	}
	h.replace(tree)
	if text, err = json.Marshal(tree); err != nil {
		return fmt.Errorf("hiding names: %w", err)
	}
	var hidden Record
	if err := json.Unmarshal(text, &hidden); err != nil {
		return fmt.Errorf("hiding names: %w", err)
	}
	hidden.Plan, hidden.Notes = "", nil
	*r = hidden
	return nil
}

// ownNames are the words of the autoscaler, which stay.
func (r *Record) ownNames() []string {
	names := []string{"true", "false", ""}
	for _, g := range r.Objects.NodeGroups {
		names = append(names, g.Name, g.Namespace, g.Spec.DatacenterID)
	}
	for _, m := range r.Objects.AllVPSieNodes() {
		names = append(names, m.Name)
	}
	for _, n := range r.Objects.Nodes {
		names = append(names, n.Name)
	}
	for _, m := range r.Markets {
		for i := range m.Offers {
			names = append(names, m.Offers[i].InstanceType, m.Offers[i].DatacenterID)
		}
	}
	return names
}

func number(names map[string]string, prefix string) {
	for i, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = fmt.Sprintf("%s%06d", prefix, i+1)
	}
}

// collect finds what is to be replaced: names of objects, and values of labels.
func (h *hiding) collect(tree map[string]any) {
	packed, _ := tree["pods"].(map[string]any)
	for _, p := range list(packed["pods"]) {
		h.name(p["name"])
	}
	h.objects(list(packed["classes"]))
	objects, _ := tree["objects"].(map[string]any)
	for kind, all := range objects {
		switch kind {
		case "nodeGroups", "vpsieNodes", "aside", "nodes", "csiNodes", "csiDrivers", "priorityClasses", "storageClasses", "volumeAttachments":
		default:
			h.objects(list(all))
		}
	}
}

func (h *hiding) objects(all []map[string]any) {
	for _, o := range all {
		meta, _ := o["metadata"].(map[string]any)
		h.name(meta["name"])
		h.name(meta["namespace"])
		h.name(meta["generateName"])
		for _, owner := range list(meta["ownerReferences"]) {
			if owner["kind"] != "Node" {
				h.name(owner["name"])
			}
			of, _ := owner["name"].(string)
			if name, _ := meta["name"].(string); owner["kind"] == "Pod" && strings.HasPrefix(name, of+"-") {
				h.owned[name] = of
			}
		}
		labels, _ := meta["labels"].(map[string]any)
		for key, value := range labels {
			text, _ := value.(string)
			// Numbers are compared by size.
			if _, err := strconv.Atoi(text); err != nil && !systemLabel(key) {
				h.values[text] = ""
			}
		}
	}
}

func (h *hiding) name(value any) {
	if text, ok := value.(string); ok && text != "" && text != "kube-system" {
		h.names[text] = ""
	}
}

// systemLabel says that Kubernetes, the autoscaler or another component gave the label its meaning.
func systemLabel(key string) bool {
	prefix, _, has := strings.Cut(key, "/")
	return has && prefix != "app.kubernetes.io" && (strings.HasSuffix(prefix, "kubernetes.io") || strings.HasSuffix(prefix, "k8s.io") || prefix == "karpenter.sh" || prefix == v1alpha1.GroupVersion.Group)
}

func list(value any) []map[string]any {
	items, _ := value.([]any)
	var out []map[string]any
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// word is what a name in a message looks like.
var word = regexp.MustCompile(`[a-z0-9][-a-z0-9.]*[a-z0-9]`)

// replace goes through the tree. Which dictionary counts depends on the field.
func (h *hiding) replace(node any) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			switch key {
			case "name", "namespace", "generateName", "claimName", "volumeName", "persistentVolumeName":
				node[key] = h.translated(value, h.names)
			case "message", "lastError", "example":
				if text, ok := value.(string); ok {
					node[key] = word.ReplaceAllStringFunc(text, func(w string) string { return known(w, h.names) })
				}
			case "labels", "matchLabels", "nodeSelector":
				h.labels(value)
			case "annotations":
				if all, ok := value.(map[string]any); ok {
					delete(all, v1alpha1.AnnotationOrder)
				}
			case "namespaces", "values":
				h.texts(value)
			}
			h.replace(node[key])
		}
	case []any:
		for _, item := range node {
			h.replace(item)
		}
	}
}

// labels replaces values; a few labels of Kubernetes hold names.
func (h *hiding) labels(value any) {
	all, _ := value.(map[string]any)
	for key, v := range all {
		switch {
		case key == "kubernetes.io/metadata.name" || key == "statefulset.kubernetes.io/pod-name" || key == "job-name" || strings.HasPrefix(key, "batch.kubernetes.io/"):
			all[key] = h.either(v)
		case !systemLabel(key):
			all[key] = h.translated(v, h.values)
		}
	}
}

// texts replaces the items of a list, which is one of namespaces or of label values.
func (h *hiding) texts(value any) {
	items, _ := value.([]any)
	for i := range items {
		items[i] = h.either(items[i])
	}
}

func (h *hiding) either(value any) any {
	if text, ok := value.(string); ok {
		if as, is := h.values[text]; is {
			return as
		}
	}
	return h.translated(value, h.names)
}

func (h *hiding) translated(value any, dictionary map[string]string) any {
	if text, ok := value.(string); ok {
		return known(text, dictionary)
	}
	return value
}

func known(text string, dictionary map[string]string) string {
	if as, is := dictionary[text]; is {
		return as
	}
	return text
}
