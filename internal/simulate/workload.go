package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Demand is a pod that is wanted from Created until Deleted, both counted from the begin
// of the workload. It is wanted that long whether or not it runs, so that all settings
// serve the same demand; a pod that loses its node is made anew.
type Demand struct {
	Namespace, Name  string
	Created, Deleted time.Duration
	MilliCPU, Memory int64 // Memory is in bytes
	Labels           map[string]string
	NodeSelector     map[string]string
	// Template is a pod to copy; nil makes one of the fields above.
	Template *corev1.Pod
}

// Workload is all demand of a simulation.
type Workload struct {
	// Name says where it is from.
	Name    string
	Demands []Demand
	// Length is when the workload ends.
	Length time.Duration
}

// Window is the part of the workload between two times. Pods that are there when it
// begins are created then.
func (w *Workload) Window(from, length time.Duration) (*Workload, error) {
	until := w.Length
	if length > 0 {
		until = min(until, from+length)
	}
	if from < 0 || from >= w.Length {
		return nil, fmt.Errorf("the workload %s is %s long: nothing is left of it after %s", w.Name, days(w.Length), days(from))
	}
	out := &Workload{Name: w.Name, Length: until - from}
	for _, d := range w.Demands {
		if d.Deleted <= from || d.Created >= until {
			continue
		}
		d.Created, d.Deleted = max(d.Created-from, 0), d.Deleted-from
		out.Demands = append(out.Demands, d)
	}
	return out, nil
}

// Compressed is the workload with all times divided by a number, at least 1.
func (w *Workload) Compressed(by float64) *Workload {
	if by == 1 {
		return w
	}
	out := &Workload{Name: fmt.Sprintf("%s, time compressed by %g", w.Name, by), Demands: slices.Clone(w.Demands), Length: time.Duration(float64(w.Length) / by)}
	shorter := func(d time.Duration) time.Duration {
		if d == forEver {
			return d
		}
		return (time.Duration(float64(d) / by)).Truncate(time.Second)
	}
	for i := range out.Demands {
		d := &out.Demands[i]
		d.Created, d.Deleted = shorter(d.Created), shorter(d.Deleted)
	}
	return out
}

// sort puts the demands in order, so that the order of a file changes nothing.
func (w *Workload) sort() {
	slices.SortStableFunc(w.Demands, func(a, b Demand) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}

// pod is the demand as a pod that the scheduler found no node for. attempt counts its lives.
func (d *Demand) pod(attempt int, now time.Time) *corev1.Pod {
	name := d.Name
	if attempt > 1 {
		name = fmt.Sprintf("%s-%d", d.Name, attempt)
	}
	if d.Template != nil {
		return d.copied(name, now)
	}
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: name, UID: types.UID(d.Namespace + "/" + name), Labels: d.Labels,
			CreationTimestamp: metav1.NewTime(now),
			OwnerReferences:   []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: d.Name, Controller: new(true)}},
		},
		Spec: corev1.PodSpec{
			SchedulerName: corev1.DefaultSchedulerName, NodeSelector: d.NodeSelector,
			Containers: []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewMilliQuantity(d.MilliCPU, resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(d.Memory, resource.BinarySI),
			}}}},
		},
		Status: unschedulable(),
	}
	return p
}

// copied is the template as a pod that the scheduler found no node for.
func (d *Demand) copied(name string, now time.Time) *corev1.Pod {
	p := d.Template.DeepCopy()
	p.Name, p.UID, p.ResourceVersion = name, types.UID(d.Namespace+"/"+name), ""
	p.CreationTimestamp, p.DeletionTimestamp = metav1.NewTime(now), nil
	p.Spec.NodeName, p.Status = "", unschedulable()
	return p
}

func unschedulable() corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
	}}}
}

// bound is the pod as it runs on the node.
func bound(p *corev1.Pod, node string) *corev1.Pod {
	b := p.DeepCopy()
	b.Spec.NodeName = node
	b.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		{Type: corev1.PodReady, Status: corev1.ConditionTrue},
	}}
	return b
}

// days prints a duration in days where it is longer than two.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}
