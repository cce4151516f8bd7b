package cluster

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func checkPod(p *corev1.Pod) field.ErrorList {
	return checkPodSpec(&p.Spec, field.NewPath("spec"))
}

// checkPodSpec tests what scheduling depends on. The API server asks for more, but
// it is not this program's to say no to a pod without an image.
func checkPodSpec(s *corev1.PodSpec, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	if len(s.Containers) == 0 {
		faults = append(faults, field.Required(path.Child("containers"), ""))
	}
	for i := range s.Containers {
		faults = append(faults, checkContainer(&s.Containers[i], path.Child("containers").Index(i))...)
	}
	for i := range s.InitContainers {
		faults = append(faults, checkContainer(&s.InitContainers[i], path.Child("initContainers").Index(i))...)
	}
	if s.Resources != nil {
		faults = append(faults, checkResources(s.Resources, path.Child("resources"))...)
	}
	faults = append(faults, notNegative(s.Overhead, path.Child("overhead"))...)
	faults = append(faults, checkPreemption(s.PreemptionPolicy, path.Child("preemptionPolicy"))...)
	faults = append(faults, checkTolerations(s.Tolerations, path.Child("tolerations"))...)
	faults = append(faults, checkSpread(s.TopologySpreadConstraints, path.Child("topologySpreadConstraints"))...)
	if s.Affinity != nil {
		faults = append(faults, checkAffinity(s.Affinity, path.Child("affinity"))...)
	}
	return faults
}

func checkContainer(c *corev1.Container, path *field.Path) field.ErrorList {
	faults := checkResources(&c.Resources, path.Child("resources"))
	faults = append(faults, checkOneOf(c.RestartPolicy, path.Child("restartPolicy"),
		corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyOnFailure, corev1.ContainerRestartPolicyNever)...)
	for i, p := range c.Ports {
		faults = append(faults, checkOneOf(&p.Protocol, path.Child("ports").Index(i).Child("protocol"), corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)...)
		if p.HostPort < 0 || p.HostPort > 65535 {
			faults = append(faults, field.Invalid(path.Child("ports").Index(i).Child("hostPort"), p.HostPort, "must be between 0 and 65535"))
		}
	}
	return faults
}

func checkResources(r *corev1.ResourceRequirements, path *field.Path) field.ErrorList {
	faults := notNegative(r.Limits, path.Child("limits"))
	faults = append(faults, notNegative(r.Requests, path.Child("requests"))...)
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		request := r.Requests[name]
		if limit, ok := r.Limits[name]; ok && request.Cmp(limit) > 0 {
			faults = append(faults, field.Invalid(path.Child("requests").Key(string(name)), request.String(), "must be less than or equal to the limit of "+limit.String()))
		}
	}
	return faults
}

// notNegative holds a list of amounts against 0.
func notNegative(list corev1.ResourceList, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if q := list[name]; q.Sign() < 0 {
			faults = append(faults, field.Invalid(path.Key(string(name)), q.String(), "must be >= 0").WithOrigin(neverStored))
		}
	}
	return faults
}

// checkOneOf tests a value that is one of a few; in other letters it would count as none of them. API servers fill in
// what is absent.
func checkOneOf[T ~string](value *T, path *field.Path, known ...T) field.ErrorList {
	if value == nil || *value == "" || slices.Contains(known, *value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, *value, known)}
}

func checkPreemption(p *corev1.PreemptionPolicy, path *field.Path) field.ErrorList {
	return checkOneOf(p, path, corev1.PreemptLowerPriority, corev1.PreemptNever)
}

func checkTolerations(list []corev1.Toleration, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	operators := []corev1.TolerationOperator{"", corev1.TolerationOpExists, corev1.TolerationOpEqual, corev1.TolerationOpLt, corev1.TolerationOpGt}
	for i, t := range list {
		if !slices.Contains(operators, t.Operator) {
			faults = append(faults, field.NotSupported(path.Index(i).Child("operator"), t.Operator, operators[1:]))
		}
		if t.Effect != "" && !isTaintEffect(t.Effect) {
			faults = append(faults, field.NotSupported(path.Index(i).Child("effect"), t.Effect, taintEffects()))
		}
		if t.Key == "" && t.Operator != corev1.TolerationOpExists {
			faults = append(faults, field.Invalid(path.Index(i).Child("operator"), t.Operator, "must be Exists when key is empty, which matches all taints"))
		}
	}
	return faults
}

func checkSpread(list []corev1.TopologySpreadConstraint, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	actions := []corev1.UnsatisfiableConstraintAction{corev1.DoNotSchedule, corev1.ScheduleAnyway}
	for i := range list {
		c, at := &list[i], path.Index(i)
		if c.MaxSkew <= 0 {
			faults = append(faults, field.Invalid(at.Child("maxSkew"), c.MaxSkew, "must be greater than zero"))
		}
		if c.TopologyKey == "" {
			faults = append(faults, field.Required(at.Child("topologyKey"), ""))
		}
		if !slices.Contains(actions, c.WhenUnsatisfiable) {
			faults = append(faults, field.NotSupported(at.Child("whenUnsatisfiable"), c.WhenUnsatisfiable, actions))
		}
		if c.MinDomains != nil && *c.MinDomains <= 0 {
			faults = append(faults, field.Invalid(at.Child("minDomains"), *c.MinDomains, "must be greater than zero"))
		}
		faults = append(faults, checkOneOf(c.NodeAffinityPolicy, at.Child("nodeAffinityPolicy"), corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)...)
		faults = append(faults, checkOneOf(c.NodeTaintsPolicy, at.Child("nodeTaintsPolicy"), corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)...)
		faults = append(faults, checkSelector(c.LabelSelector, at.Child("labelSelector"))...)
	}
	return faults
}

func checkAffinity(a *corev1.Affinity, path *field.Path) field.ErrorList {
	const required = "requiredDuringSchedulingIgnoredDuringExecution"
	var faults field.ErrorList
	if n := a.NodeAffinity; n != nil && n.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		faults = append(faults, checkNodeSelector(n.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("nodeAffinity", required))...)
	}
	if p := a.PodAffinity; p != nil {
		faults = append(faults, checkTerms(p.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("podAffinity", required))...)
	}
	if p := a.PodAntiAffinity; p != nil {
		faults = append(faults, checkTerms(p.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("podAntiAffinity", required))...)
	}
	return faults
}

func checkTerms(terms []corev1.PodAffinityTerm, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	for i := range terms {
		t, at := &terms[i], path.Index(i)
		if t.TopologyKey == "" {
			faults = append(faults, field.Required(at.Child("topologyKey"), ""))
		}
		faults = append(faults, checkSelector(t.LabelSelector, at.Child("labelSelector"))...)
		faults = append(faults, checkSelector(t.NamespaceSelector, at.Child("namespaceSelector"))...)
	}
	return faults
}

func taintEffects() []corev1.TaintEffect {
	return []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
}

func isTaintEffect(e corev1.TaintEffect) bool { return slices.Contains(taintEffects(), e) }
