package cluster

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	resourcehelpers "k8s.io/component-helpers/resource"
)

// applyDefaults fills what an API server would have filled in objects that passed
// through none, as far as decisions depend on it.
func (r *reader) applyDefaults() {
	classes := byClassName(r.objects.PriorityClasses)
	for _, p := range r.objects.Pods {
		r.defaultPriority(p, classes)
		setPodDefaults(p)
		if !isStored(p) && !isInUse(p) {
			r.admit(p, r.seen[podID(p.Namespace, p.Name)].what)
		}
	}
	r.admitDaemons()
	for _, n := range r.objects.Nodes {
		if n.Status.Allocatable == nil {
			n.Status.Allocatable = n.Status.Capacity
		}
	}
	for _, g := range r.objects.NodeGroups {
		g.SetDefaults()
	}
}

// defaultPriority sets the pod's priority. A class that is not there is a fault of pods
// that are still to be made; what a cluster holds only lacks it in the dump.
func (r *reader) defaultPriority(p *corev1.Pod, classes map[string]*schedulingv1.PriorityClass) {
	err := setPriority(&p.Spec, classes)
	if err == nil {
		return
	}
	what := r.seen[podID(p.Namespace, p.Name)].what
	if isStored(p) || isInUse(p) {
		text := err.Error() + "; taken as 0"
		r.passed[text] = append(r.passed[text], what)
		return
	}
	fault := fmt.Errorf("%s: %w", what, err)
	if !slices.ContainsFunc(r.faults, func(known error) bool { return known.Error() == fault.Error() }) {
		r.faults = append(r.faults, fault)
	}
}

// byClassName finds PriorityClasses by name, the default one also without a name.
func byClassName(list []*schedulingv1.PriorityClass) map[string]*schedulingv1.PriorityClass {
	classes := make(map[string]*schedulingv1.PriorityClass, len(list))
	for _, c := range list {
		classes[c.Name] = c
		if c.GlobalDefault {
			classes[""] = c
		}
	}
	return classes
}

// setPriority works out the priority that admission would have given the pod. The
// two classes of the system are in every cluster and in few dumps.
func setPriority(s *corev1.PodSpec, classes map[string]*schedulingv1.PriorityClass) error {
	if s.Priority != nil {
		return nil
	}
	class := classes[s.PriorityClassName]
	switch {
	case class != nil:
		s.Priority = &class.Value
		if s.PreemptionPolicy == nil {
			s.PreemptionPolicy = class.PreemptionPolicy
		}
	case s.PriorityClassName == "system-cluster-critical":
		s.Priority = new(int32(2_000_000_000))
	case s.PriorityClassName == "system-node-critical":
		s.Priority = new(int32(2_000_001_000))
	case s.PriorityClassName != "":
		return fmt.Errorf("spec.priorityClassName: there is no PriorityClass %q in the files, and spec.priority is not set; add one of them", s.PriorityClassName)
	}
	return nil
}

// setPodDefaults follows SetDefaults_Pod of k8s.io/kubernetes/pkg/apis/core/v1.
func setPodDefaults(p *corev1.Pod) {
	for _, containers := range [][]corev1.Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range containers {
			c := &containers[i]
			c.Resources.Requests = withLimits(c.Resources.Requests, c.Resources.Limits)
			setPortDefaults(c.Ports, p.Spec.HostNetwork)
		}
	}
	if r := p.Spec.Resources; r != nil && len(r.Limits) > 0 {
		asked := resourcehelpers.AggregateContainerRequests(p, resourcehelpers.PodResourcesOptions{})
		for name := range asked {
			if name != corev1.ResourceCPU && name != corev1.ResourceMemory {
				delete(asked, name) // nothing else may be asked for without a limit
			}
		}
		r.Requests = withLimits(withLimits(r.Requests, asked), r.Limits)
	}
	if p.Spec.SchedulerName == "" {
		p.Spec.SchedulerName = corev1.DefaultSchedulerName
	}
	if p.Spec.RestartPolicy == "" {
		p.Spec.RestartPolicy = corev1.RestartPolicyAlways
	}
}

// withLimits adds to requests what only limits name.
func withLimits(requests, limits corev1.ResourceList) corev1.ResourceList {
	for name, q := range limits {
		if _, set := requests[name]; set {
			continue
		}
		if requests == nil {
			requests = corev1.ResourceList{}
		}
		requests[name] = q.DeepCopy()
	}
	return requests
}

func setPortDefaults(ports []corev1.ContainerPort, hostNetwork bool) {
	for i := range ports {
		if ports[i].Protocol == "" {
			ports[i].Protocol = corev1.ProtocolTCP
		}
		if hostNetwork && ports[i].HostPort == 0 {
			ports[i].HostPort = ports[i].ContainerPort
		}
	}
}
