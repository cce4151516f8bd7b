package plan

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pod adds pods: with x3 three that are alike, named name-1 to name-3.
func (s *story) pod(name string, a *attrs) {
	count := 0
	for key := range a.values {
		if n, ok := strings.CutPrefix(key, "x"); ok {
			if count, _ = strconv.Atoi(n); count > 0 {
				delete(a.values, key)
			}
		}
	}
	spec := a.podSpec()
	labels := a.pairs("labels")
	if _, ok := labels["app"]; !ok {
		labels["app"] = name
	}
	object := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.text("namespace", "default"), Labels: labels, Annotations: a.pairs("annotation")},
		Spec:       spec,
		Status:     corev1.PodStatus{Phase: corev1.PodPhase(a.text("phase", "")), NominatedNodeName: a.text("nominated", "")},
	}
	if _, ok := a.values["age"]; ok {
		object.CreationTimestamp = metav1.Time{Time: a.ago("age")}
	}
	if ready := a.text("ready", ""); ready != "" {
		object.Status.Conditions = append(object.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionStatus(ready)})
	}
	if a.flag("terminating") {
		object.DeletionTimestamp = &metav1.Time{Time: storyNow}
	}
	if a.flag("mirror") {
		object.Annotations[corev1.MirrorPodAnnotationKey] = "x"
	}
	if owner := a.text("owner", "ReplicaSet/"+name); owner != "none" {
		kind, ownerName, _ := strings.Cut(owner, "/")
		yes := true
		object.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: ownerName, Controller: &yes}}
	}
	if reason := a.text("condition", ""); reason != "" {
		object.Status.Conditions = append(object.Status.Conditions, corev1.PodCondition{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: reason, Message: strings.ReplaceAll(a.text("message", ""), "_", " "),
		})
	}
	if count == 0 {
		object.Name = name
		s.state.Pods = append(s.state.Pods, NewPod(object.DeepCopy()))
	}
	for i := range count {
		object.Name = fmt.Sprintf("%s-%d", name, i+1)
		s.state.Pods = append(s.state.Pods, NewPod(object.DeepCopy()))
	}
}

func (a *attrs) podSpec() corev1.PodSpec {
	spec := corev1.PodSpec{
		NodeName: a.text("node", ""), SchedulerName: a.text("scheduler", corev1.DefaultSchedulerName),
		Containers: []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: a.quantities(map[string]corev1.ResourceName{
			"cpu": corev1.ResourceCPU, "memory": corev1.ResourceMemory, "storage": corev1.ResourceEphemeralStorage, "gpu": "example.com/gpu",
		})}}},
	}
	if selector := a.pairs("selector"); len(selector) > 0 {
		spec.NodeSelector = selector
	}
	if p := a.text("priority", ""); p != "" {
		n, err := strconv.Atoi(p)
		a.note(err)
		spec.Priority = new(int32(n))
	}
	if a.flag("never") {
		spec.PreemptionPolicy = new(corev1.PreemptNever)
	}
	for _, gate := range a.all("gate") {
		spec.SchedulingGates = append(spec.SchedulingGates, corev1.PodSchedulingGate{Name: gate})
	}
	for _, t := range a.taints("tolerate") {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: t.Key, Value: t.Value, Operator: corev1.TolerationOpEqual, Effect: t.Effect})
	}
	if port := a.number("port", 0); port > 0 {
		spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: int32(port), ContainerPort: int32(port), Protocol: corev1.ProtocolTCP}}
	}
	for _, claim := range a.all("claim") {
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: claim, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}})
	}
	for _, name := range a.all("ephemeral") {
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}})
	}
	for _, disk := range a.all("disk") {
		spec.Volumes = append(spec.Volumes, a.disk(disk))
	}
	if a.flag("sidecar") {
		always := corev1.ContainerRestartPolicyAlways
		spec.InitContainers = append(spec.InitContainers, corev1.Container{Name: "sidecar", RestartPolicy: &always, Ports: spec.Containers[0].Ports})
		spec.Containers[0].Ports = nil
	}
	if init := a.quantities(map[string]corev1.ResourceName{"init-cpu": corev1.ResourceCPU}); len(init) > 0 {
		spec.InitContainers = []corev1.Container{{Name: "init", Resources: corev1.ResourceRequirements{Requests: init}}}
	}
	a.affinity(&spec)
	return spec
}

// affinity reads affinity=key:In:a,b node terms, which are OR-ed; near=zone/app=db
// and anti=host/app=web pod terms, with @team=x for namespaces by label or @* for
// all; and spread=zone/1/app=web, with minDomains and policies after that.
func (a *attrs) affinity(spec *corev1.PodSpec) {
	var affinity corev1.Affinity
	for _, text := range a.all("affinity") {
		key, rest, _ := strings.Cut(text, ":")
		op, values, _ := strings.Cut(rest, ":")
		r := corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOperator(op)}
		if values != "" {
			r.Values = strings.Split(values, ",")
		}
		if affinity.NodeAffinity == nil {
			affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{}}
		}
		required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{r}})
	}
	for _, text := range a.all("anti") {
		if affinity.PodAntiAffinity == nil {
			affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		terms := &affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		*terms = append(*terms, podTerm(text))
	}
	for _, text := range a.all("near") {
		if affinity.PodAffinity == nil {
			affinity.PodAffinity = &corev1.PodAffinity{}
		}
		terms := &affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		*terms = append(*terms, podTerm(text))
	}
	if affinity != (corev1.Affinity{}) {
		spec.Affinity = &affinity
	}
	for _, text := range a.all("spread") {
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, a.spread(text))
	}
}

// topologyKey spells out the short names of topology keys.
func topologyKey(short string) string {
	switch short {
	case "host":
		return corev1.LabelHostname
	case "zone":
		return corev1.LabelTopologyZone
	}
	return short
}

func podTerm(text string) corev1.PodAffinityTerm {
	key, rest, _ := strings.Cut(text, "/")
	label, namespaces, elsewhere := strings.Cut(rest, "@")
	label, matchKey, _ := strings.Cut(label, "+")
	term := corev1.PodAffinityTerm{TopologyKey: topologyKey(key), LabelSelector: labelSelector(label)}
	if matchKey != "" {
		term.MatchLabelKeys = []string{matchKey}
	}
	switch {
	case elsewhere && namespaces == "*":
		term.NamespaceSelector = &metav1.LabelSelector{}
	case elsewhere && strings.Contains(namespaces, "="):
		term.NamespaceSelector = labelSelector(namespaces)
	case elsewhere:
		term.Namespaces = []string{namespaces}
	}
	return term
}

func labelSelector(pair string) *metav1.LabelSelector {
	k, v, _ := strings.Cut(pair, "=")
	return &metav1.LabelSelector{MatchLabels: map[string]string{k: v}}
}

func (a *attrs) spread(text string) corev1.TopologySpreadConstraint {
	parts := strings.Split(text, "/")
	c := corev1.TopologySpreadConstraint{WhenUnsatisfiable: corev1.DoNotSchedule, TopologyKey: topologyKey(parts[0])}
	skew, err := strconv.Atoi(parts[1])
	a.note(err)
	c.MaxSkew = int32(skew)
	c.LabelSelector = labelSelector(parts[2])
	honor, ignore := corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore
	for _, extra := range parts[3:] {
		switch {
		case extra == "honor-taints":
			c.NodeTaintsPolicy = &honor
		case extra == "ignore-affinity":
			c.NodeAffinityPolicy = &ignore
		case strings.HasPrefix(extra, "+"):
			c.MatchLabelKeys = []string{extra[1:]}
		case strings.HasPrefix(extra, "min"):
			n, err := strconv.Atoi(extra[3:])
			a.note(err)
			c.MinDomains = new(int32(n))
		default:
			a.note(fmt.Errorf("unknown part %q of a spread", extra))
		}
	}
	return c
}
