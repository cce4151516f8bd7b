package record

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// pods are Pods, those that are alike described once: a Deployment of a thousand replicas
// is one class.
type pods struct {
	Classes []*corev1.Pod `json:"classes"`
	Pods    []pod         `json:"pods"`
}

// pod is what one pod has for itself.
type pod struct {
	Class   int              `json:"class"`
	Name    string           `json:"name"`
	UID     types.UID        `json:"uid,omitempty"`
	Version string           `json:"resourceVersion,omitempty"`
	Created metav1.Time      `json:"created"`
	Deleted *metav1.Time     `json:"deleted,omitempty"`
	Node    string           `json:"node,omitempty"`
	Status  corev1.PodStatus `json:"status"`
}

func pack(list []*corev1.Pod) pods {
	out := pods{Classes: []*corev1.Pod{}, Pods: make([]pod, len(list))}
	index := map[string]int{}
	for i, p := range list {
		class := *p
		class.Name, class.UID, class.ResourceVersion, class.Generation = "", "", "", 0
		class.CreationTimestamp, class.DeletionTimestamp = metav1.Time{}, nil
		class.Spec.NodeName, class.Status = "", corev1.PodStatus{}
		text, err := json.Marshal(&class)
		at, known := index[string(text)]
		if !known || err != nil {
			at = len(out.Classes)
			index[string(text)] = at
			out.Classes = append(out.Classes, &class)
		}
		out.Pods[i] = pod{Class: at, Name: p.Name, UID: p.UID, Version: p.ResourceVersion, Created: p.CreationTimestamp, Deleted: p.DeletionTimestamp, Node: p.Spec.NodeName, Status: p.Status}
	}
	return out
}

func (p *pods) unpack() []*corev1.Pod {
	out := make([]*corev1.Pod, len(p.Pods))
	for i := range p.Pods {
		own := &p.Pods[i]
		one := *p.Classes[own.Class]
		one.Name, one.UID, one.ResourceVersion = own.Name, own.UID, own.Version
		one.CreationTimestamp, one.DeletionTimestamp = own.Created, own.Deleted
		one.Spec.NodeName, one.Status = own.Node, own.Status
		out[i] = &one
	}
	return out
}
