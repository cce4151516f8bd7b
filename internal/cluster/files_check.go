package cluster

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// checkMeta tests what the API server asks of every object's metadata, as far as a
// decision depends on it.
func checkMeta(o metav1.Object) field.ErrorList {
	var faults field.ErrorList
	path := field.NewPath("metadata")
	if o.GetName() == "" {
		return append(faults, field.Required(path.Child("name"), "").WithOrigin(neverStored))
	}
	for _, problem := range validation.NameIsDNSSubdomain(o.GetName(), false) {
		faults = append(faults, field.Invalid(path.Child("name"), o.GetName(), problem))
	}
	return append(faults, metavalidation.ValidateLabels(o.GetLabels(), path.Child("labels"))...)
}

// The CEL rules of the NodeGroup's CustomResourceDefinition.
const (
	nameRule      = "metadata.name must have at most 51 characters and no dot: it becomes part of hostnames, vpsie-<name>-<random>"
	minMaxRule    = "MinNodes exceeds MaxNodes: maxNodes must be >= minNodes"
	preferredRule = "preferredInstanceType must be one of offeringIDs"
	osRule        = "labels: kubernetes.io/os must be linux: the autoscaler's nodes run Linux, whatever a label says; leave it out"
	selectorRule  = "nodeSelector: its pairs become labels of the nodes, and labels has another value for one of its keys; use one value in both"
	requireRule   = "nodeSelectorPolicy: Require needs at least one pair in nodeSelector; add one, or use Prefer"
	cpuRule       = "limits.cpu must be >= 0, such as 64; leave it out for no limit"
	memoryRule    = "limits.memory must be >= 0, such as 256Gi; leave it out for no limit"
	offersRule    = "offeringIDs or offeringSelector must say which instance types the group may buy; name them in offeringIDs, or describe them in offeringSelector"
	notBothRule   = "offeringSelector cannot be set beside offeringIDs; remove one of the two"
	cpuRangeRule  = "offeringSelector.cpu: max must be >= min"
	memRangeRule  = "offeringSelector.memoryMB: max must be >= min"
	maxPriceRule  = "offeringSelector.maxPricePerMonth must be an amount such as \"80.00\", without a currency; leave it out for no limit"
	costRule      = "limits.costPerMonth must be an amount such as \"300.00\", without a currency; leave it out for no limit"
	taintsRule    = "taints: effect must be NoSchedule, PreferNoSchedule or NoExecute"
	ownTaintRule  = "taints: autoscaler.vpsie.com/uninitialized is the autoscaler's own, put on every new node and taken away by the autoscaler; leave it out"
)

func checkNodeGroup(g *v1alpha1.NodeGroup) field.ErrorList {
	var faults field.ErrorList
	spec := field.NewPath("spec")
	if len(g.Name) > 51 || strings.Contains(g.Name, ".") {
		faults = append(faults, field.Invalid(field.NewPath("metadata", "name"), g.Name, nameRule))
	}
	if g.Spec.MaxNodes < g.Spec.MinNodes {
		faults = append(faults, field.Invalid(spec.Child("maxNodes"), g.Spec.MaxNodes, minMaxRule))
	}
	if p := g.Spec.PreferredInstanceType; p != "" && len(g.Spec.OfferingIDs) > 0 && !slices.Contains(g.Spec.OfferingIDs, p) {
		faults = append(faults, field.Invalid(spec.Child("preferredInstanceType"), p, preferredRule))
	}
	faults = append(faults, checkDatacenters(&g.Spec, spec)...)
	faults = append(faults, checkSpot(g.Spec.SpotInstances, spec.Child("spotInstances"))...)
	faults = append(faults, checkOfferings(&g.Spec, spec)...)
	faults = append(faults, checkOS(g.Spec.Labels, spec, "labels")...)
	faults = append(faults, checkOS(g.Spec.NodeSelector, spec, "nodeSelector")...)
	faults = append(faults, checkOwnTaints(g.Spec.Taints, spec, "taints")...)
	faults = append(faults, checkOwnTaints(g.Spec.StartupTaints, spec, "startupTaints")...)
	faults = append(faults, checkNodeSelectorPairs(&g.Spec, spec)...)
	faults = append(faults, checkLimits(&g.Spec.Limits, spec.Child("limits"))...)
	faults = append(faults, checkDisruption(&g.Spec.Disruption, spec.Child("disruption"))...)
	faults = append(faults, checkSchedules(&g.Spec, spec.Child("schedules"))...)
	faults = append(faults, checkKubelet(g.Spec.Kubelet, spec.Child("kubelet"))...)
	faults = append(faults, checkNetwork(g.Spec.NetworkConfig, spec.Child("networkConfig"))...)
	for _, fault := range faults {
		fault.Origin = neverStored // there is no plan for such a group
	}
	return faults
}

// checkOS tests a map of node labels of a NodeGroup; the rule names the map.
func checkOS(labels map[string]string, spec *field.Path, name string) field.ErrorList {
	var faults field.ErrorList
	for _, key := range []string{corev1.LabelOSStable, "beta.kubernetes.io/os"} {
		if os, set := labels[key]; set && os != "linux" {
			faults = append(faults, field.Invalid(spec.Child(name).Key(key), os, name+strings.TrimPrefix(osRule, "labels")))
		}
	}
	return faults
}

// checkOwnTaints tests a list of taints of a NodeGroup; the rules name the list.
func checkOwnTaints(taints []corev1.Taint, spec *field.Path, list string) field.ErrorList {
	var faults field.ErrorList
	rule := func(text string) string { return list + strings.TrimPrefix(text, "taints") }
	for i, t := range taints {
		if !isTaintEffect(t.Effect) {
			faults = append(faults, field.Invalid(spec.Child(list).Index(i).Child("effect"), t.Effect, rule(taintsRule)))
		}
	}
	for i, t := range taints {
		if t.Key == v1alpha1.TaintUninitialized {
			faults = append(faults, field.Invalid(spec.Child(list).Index(i).Child("key"), t.Key, rule(ownTaintRule)))
		}
	}
	return faults
}

func checkNodeSelectorPairs(s *v1alpha1.NodeGroupSpec, spec *field.Path) field.ErrorList {
	var faults field.ErrorList
	for _, key := range slices.Sorted(maps.Keys(s.NodeSelector)) {
		if value, both := s.Labels[key]; both && value != s.NodeSelector[key] {
			faults = append(faults, field.Invalid(spec.Child("nodeSelector"), key+"="+s.NodeSelector[key], selectorRule))
		}
	}
	if s.NodeSelectorPolicy == v1alpha1.NodeSelectorRequire && len(s.NodeSelector) == 0 {
		faults = append(faults, field.Invalid(spec.Child("nodeSelectorPolicy"), s.NodeSelectorPolicy, requireRule))
	}
	return faults
}

func checkOfferings(s *v1alpha1.NodeGroupSpec, spec *field.Path) field.ErrorList {
	var faults field.ErrorList
	selector, path := s.OfferingSelector, spec.Child("offeringSelector")
	switch {
	case selector == nil && len(s.OfferingIDs) == 0:
		return append(faults, field.Required(spec.Child("offeringIDs"), offersRule))
	case selector == nil:
		return nil
	case len(s.OfferingIDs) > 0:
		faults = append(faults, field.Invalid(path, "", notBothRule))
	}
	for _, r := range []struct {
		name, rule string
		bounds     *v1alpha1.Range
	}{{"cpu", cpuRangeRule, selector.CPU}, {"memoryMB", memRangeRule, selector.MemoryMB}} {
		if b := r.bounds; b != nil && b.Min != nil && b.Max != nil && *b.Max < *b.Min {
			faults = append(faults, field.Invalid(path.Child(r.name), *b.Max, r.rule))
		}
	}
	if price := selector.MaxPricePerMonth; price != "" && !isAmount(price) {
		faults = append(faults, field.Invalid(path.Child("maxPricePerMonth"), price, maxPriceRule))
	}
	return faults
}

// isAmount says whether the text is a price as the definitions want it.
func isAmount(text string) bool {
	return regexp.MustCompile(`^[0-9]{1,9}([.][0-9]{1,6})?$`).MatchString(text)
}

func checkLimits(l *v1alpha1.Limits, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	if l.CPU != nil && l.CPU.Sign() < 0 {
		faults = append(faults, field.Invalid(path.Child("cpu"), l.CPU.String(), cpuRule))
	}
	if l.Memory != nil && l.Memory.Sign() < 0 {
		faults = append(faults, field.Invalid(path.Child("memory"), l.Memory.String(), memoryRule))
	}
	if cost := l.CostPerMonth; cost != "" && !isAmount(cost) {
		faults = append(faults, field.Invalid(path.Child("costPerMonth"), cost, costRule))
	}
	return faults
}

func checkVPSieNode(m *v1alpha1.VPSieNode) field.ErrorList {
	since, set := m.Annotations[v1alpha1.AnnotationUnneededSince]
	if !set {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, since); err != nil {
		path := field.NewPath("metadata", "annotations").Key(v1alpha1.AnnotationUnneededSince)
		return field.ErrorList{field.Invalid(path, since, "must be a time as RFC 3339 writes it, such as 2025-10-12T10:00:00Z")}
	}
	return nil
}

func checkNode(n *corev1.Node) field.ErrorList {
	status := field.NewPath("status")
	faults := notNegative(n.Status.Capacity, status.Child("capacity"))
	faults = append(faults, notNegative(n.Status.Allocatable, status.Child("allocatable"))...)
	return append(faults, checkTaints(n.Spec.Taints, field.NewPath("spec", "taints"))...)
}

func checkTaints(taints []corev1.Taint, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	for i, t := range taints {
		if t.Key == "" {
			faults = append(faults, field.Required(path.Index(i).Child("key"), ""))
		}
		if !isTaintEffect(t.Effect) {
			faults = append(faults, field.NotSupported(path.Index(i).Child("effect"), t.Effect, taintEffects()))
		}
	}
	return faults
}

func checkVolume(v *corev1.PersistentVolume) field.ErrorList {
	if a := v.Spec.NodeAffinity; a != nil && a.Required != nil {
		return checkNodeSelector(a.Required, field.NewPath("spec", "nodeAffinity", "required"))
	}
	return nil
}

func checkNodeSelector(s *corev1.NodeSelector, path *field.Path) field.ErrorList {
	_, err := nodeaffinity.NewNodeSelector(s, field.WithPath(path))
	return fieldErrors(err, path)
}

func checkDaemonSet(d *appsv1.DaemonSet) field.ErrorList {
	return checkPodSpec(&d.Spec.Template.Spec, field.NewPath("spec", "template", "spec"))
}

// checkTemplate tests the pods that a workload makes; one without containers makes none. count is the field that
// says how many.
func checkTemplate[T any](count string, made func(T) (*int32, *corev1.PodTemplateSpec)) func(T) field.ErrorList {
	return func(object T) field.ErrorList {
		n, template := made(object)
		var faults field.ErrorList
		if n != nil && *n < 0 {
			faults = append(faults, field.Invalid(field.NewPath("spec", count), *n, "must be >= 0").WithOrigin(neverStored))
		}
		if len(template.Spec.Containers) == 0 {
			return faults
		}
		return append(faults, checkPodSpec(&template.Spec, field.NewPath("spec", "template", "spec"))...)
	}
}

func checkBudget(b *policyv1.PodDisruptionBudget) field.ErrorList {
	faults := checkSelector(b.Spec.Selector, field.NewPath("spec", "selector"))
	if n := b.Status.DisruptionsAllowed; n < 0 {
		faults = append(faults, field.Invalid(field.NewPath("status", "disruptionsAllowed"), n, "must be >= 0"))
	}
	return append(faults, checkOneOf(b.Spec.UnhealthyPodEvictionPolicy, field.NewPath("spec", "unhealthyPodEvictionPolicy"), policyv1.IfHealthyBudget, policyv1.AlwaysAllow)...)
}

func checkStorageClass(c *storagev1.StorageClass) field.ErrorList {
	return checkOneOf(c.VolumeBindingMode, field.NewPath("volumeBindingMode"), storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)
}

func checkClaim(c *corev1.PersistentVolumeClaim) field.ErrorList {
	var faults field.ErrorList
	for i, mode := range c.Spec.AccessModes {
		faults = append(faults, checkOneOf(&mode, field.NewPath("spec", "accessModes").Index(i),
			corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod)...)
	}
	return faults
}

func checkPriorityClass(c *schedulingv1.PriorityClass) field.ErrorList {
	return checkPreemption(c.PreemptionPolicy, field.NewPath("preemptionPolicy"))
}

func checkSelector(s *metav1.LabelSelector, path *field.Path) field.ErrorList {
	return metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, path)
}
