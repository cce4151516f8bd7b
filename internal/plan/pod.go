package plan

import (
	"strings"
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// Pod is a pod with everything the planner asks of it worked out once.
type Pod struct {
	// source makes the pod's object.
	source source
	// meta, spec and status are the pod's. Of spec.nodeName nothing may be read: pods that are
	// alike may share a spec, and each has a node of its own.
	meta   *metav1.ObjectMeta
	spec   *corev1.PodSpec
	status *corev1.PodStatus

	stage podStage
	// anew: it runs, and is looked at as if it had no node yet; see CompareFromScratch.
	anew     bool
	priority int32
	// preempts: its preemptionPolicy lets kube-scheduler evict pods for it.
	preempts bool
	requests resources.Requests
	// node is the one that it is bound to.
	node string
	// resident: it belongs to its node (staysOnNode). leaving: it is being deleted.
	resident, leaving bool
	// rules spells out every hard constraint but size and labels; pods with equal
	// rules get the same answer from every static filter. Equal texts are kept once, and
	// compared by where they are: there are many pods, and few different rules.
	rules unique.Handle[string]
	// invalid says which of its constraints cannot be parsed.
	invalid refusal
	// unsupported names the features the planner does not understand.
	unsupported string
}

// NewPod works out a pod. It only reads the object and depends on nothing else,
// so a caller may keep the result for as long as UID and resourceVersion stay.
func NewPod(object *corev1.Pod) *Pod {
	p := &Pod{
		source:      (*whole)(object),
		meta:        &object.ObjectMeta,
		spec:        &object.Spec,
		status:      &object.Status,
		stage:       stageOf(object),
		priority:    schedulinghelpers.PodPriority(object),
		preempts:    object.Spec.PreemptionPolicy == nil || *object.Spec.PreemptionPolicy != corev1.PreemptNever,
		unsupported: filter.UnsupportedFeatures(&object.Spec),
		node:        object.Spec.NodeName,
		resident:    staysOnNode(object),
		leaving:     object.DeletionTimestamp != nil,
	}
	if p.stage == stageGone {
		return p
	}
	p.requests = resources.Of(object)
	p.rules = unique.Make(filter.KeyOf(object))
	p.invalid = refusalOf(filter.InvalidConstraint(&object.Spec))
	return p
}

// Keep has the pod keep these in the place of the object that it was worked out from, and ask the
// source when somebody wants that. They are equal to the object's, but for spec.nodeName and the times of
// status.conditions, which they may lack: so pods that are alike can share them.
func (p *Pod) Keep(source interface{ Pod() *corev1.Pod }, meta *metav1.ObjectMeta, spec *corev1.PodSpec, status *corev1.PodStatus) {
	p.source, p.meta, p.spec, p.status = source, meta, spec, status
}

// source makes a pod's object.
type source interface{ Pod() *corev1.Pod }

// whole is a pod whose object is kept.
type whole corev1.Pod

// Pod is the object itself.
func (w *whole) Pod() *corev1.Pod { return (*corev1.Pod)(w) }

// Object is the pod as an object, read-only. It may be made anew at each call.
func (p *Pod) Object() *corev1.Pod { return p.source.Pod() }

// Meta is the pod's metadata, read-only.
func (p *Pod) Meta() *metav1.ObjectMeta { return p.meta }

// Node is the node that the pod is bound to; empty for none.
func (p *Pod) Node() string { return p.node }

// name is namespace/name, as reasons and results print it.
func (p *Pod) name() string { return p.meta.Namespace + "/" + p.meta.Name }

// Held is what a bound pod holds of its node: milli-cores and bytes of memory. node is empty
// for a pod that holds nothing.
func (p *Pod) Held() (node string, milliCPU, memory int64) {
	if p.stage != stageBound {
		return "", 0, 0
	}
	return p.node, p.requests.CPU, p.requests.Memory
}

// Asks is what a pod asks for: milli-cores and bytes of memory.
func (p *Pod) Asks() (milliCPU, memory int64) { return p.requests.CPU, p.requests.Memory }

// comparePods orders pods by namespace and name.
func comparePods(a, b *Pod) int {
	if c := strings.Compare(a.meta.Namespace, b.meta.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.meta.Name, b.meta.Name)
}

// podStage is how far a pod has come, as far as planning minds.
type podStage uint8

const (
	// stageGone pods take nothing and want nothing: finished, or deleted before
	// they were placed.
	stageGone podStage = iota
	// stageBound pods hold room on their node.
	stageBound
	// stagePending pods want room.
	stagePending
	// stageGated pods want no room yet.
	stageGated
	// stageDaemon pods are a DaemonSet's that wait for the one node they name.
	stageDaemon
	// stageUndecided pods were not refused by their scheduler yet.
	stageUndecided
	// stageFailedScheduling pods made their scheduler fail: it has no answer for them.
	stageFailedScheduling
)

func stageOf(pod *corev1.Pod) podStage {
	switch {
	case hasFinished(&pod.Status):
		return stageGone
	case pod.Spec.NodeName != "":
		return stageBound
	case pod.DeletionTimestamp != nil:
		return stageGone
	case isDaemonPod(pod):
		return stageDaemon
	case len(pod.Spec.SchedulingGates) > 0:
		return stageGated
	}
	switch c := scheduled(&pod.Status); {
	case c == nil || c.Reason == corev1.PodReasonUnschedulable:
		return stagePending
	case c.Reason == corev1.PodReasonSchedulerError:
		return stageFailedScheduling
	}
	return stageUndecided
}

// scheduled is what the pod's scheduler said last; nil for nothing.
func scheduled(status *corev1.PodStatus) *corev1.PodCondition {
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == corev1.PodScheduled {
			return c
		}
	}
	return nil
}

// schedulingMessage is the text of what the pod's scheduler said last.
func schedulingMessage(status *corev1.PodStatus) string {
	if c := scheduled(status); c != nil && c.Message != "" {
		return ": " + c.Message
	}
	return ""
}

// scaleUpDelay is cluster-autoscaler's annotation for how long a pod waits for room
// that is there already before a node is bought for it, as a duration from its creation.
const scaleUpDelay = "cluster-autoscaler.kubernetes.io/pod-scale-up-delay"

// notBefore is when a node may be bought for the pod; zero when that is now. A value
// that is no duration delays nothing, as with cluster-autoscaler.
func (p *Pod) notBefore(now time.Time) time.Time {
	value, set := p.meta.Annotations[scaleUpDelay]
	if !set {
		return time.Time{}
	}
	created := p.meta.CreationTimestamp.Time
	if created.IsZero() {
		created = now
	}
	d, err := time.ParseDuration(value)
	if until := created.Add(d); err == nil && now.Before(until) {
		return until
	}
	return time.Time{}
}

// stays says that a bound pod belongs to its node: it is not moved when the node
// goes, and is left out of the node's utilisation.
func (p *Pod) stays() bool { return p.resident }

// leaves says that a bound pod is being deleted: it still holds its room, and needs
// no other.
func (p *Pod) leaves() bool { return p.leaving }

// otherScheduler is the name of the pod's scheduler when it is not the default one.
func (p *Pod) otherScheduler() string {
	if p.anew {
		return "" // whose rules its scheduler follows does not change what it needs
	}
	if name := p.spec.SchedulerName; name != corev1.DefaultSchedulerName {
		return name // empty in files, where no API server has filled in the default
	}
	return ""
}

// Refusal is why no node is bought for a pending pod whatever nodes there are, as the pod
// itself shows it; empty when that is not so.
func (p *Pod) Refusal() (reason RefusalReason, message string) {
	r := p.refused()
	return r.reason, r.message
}

func (p *Pod) refused() refusal {
	switch {
	case p.stage == stageGated:
		var gates []string
		for _, g := range p.spec.SchedulingGates {
			gates = append(gates, g.Name)
		}
		return refusal{SchedulingGated, "waits for its scheduling gates to be removed: " + strings.Join(gates, ", ")}
	case p.otherScheduler() != "":
		return refusal{OtherScheduler, "is scheduled by " + p.otherScheduler() + ", whose rules are not known"}
	case p.invalid.reason != "":
		return p.invalid
	case p.stage == stageFailedScheduling:
		return refusal{SchedulerError, "the scheduler failed on it and tries again" + schedulingMessage(p.status)}
	case p.unsupported != "":
		return refusal{NotSupported, "uses " + p.unsupported + ", which is not planned for"}
	}
	return refusal{}
}
