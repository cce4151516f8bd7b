package cluster

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// KubeletOf are the NodeGroup's settings of its nodes' kubelets; nil when it has none.
func KubeletOf(g *v1alpha1.NodeGroup) *plan.Kubelet {
	spec := g.Spec.Kubelet
	if spec == nil || spec.MaxPods == nil && len(spec.KubeReserved)+len(spec.SystemReserved)+len(spec.EvictionHard) == 0 {
		return nil
	}
	k := &plan.Kubelet{KubeReserved: reservedOf(spec.KubeReserved), SystemReserved: reservedOf(spec.SystemReserved)}
	if spec.MaxPods != nil {
		k.MaxPods = *spec.MaxPods
	}
	for signal, threshold := range spec.EvictionHard {
		if k.EvictionHard == nil {
			k.EvictionHard = map[string]string{}
		}
		k.EvictionHard[signal] = string(threshold)
	}
	return k
}

func reservedOf(r v1alpha1.Reserved) corev1.ResourceList {
	if len(r) == 0 {
		return nil
	}
	list := corev1.ResourceList{}
	for name, q := range r {
		list[corev1.ResourceName(name)] = q
	}
	return list
}

// KubeletText stands for the settings (v1alpha1.AnnotationKubelet); empty for none.
func KubeletText(g *v1alpha1.NodeGroup) string {
	if KubeletOf(g) == nil {
		return ""
	}
	text, err := json.Marshal(g.Spec.Kubelet)
	if err != nil {
		return "" // Numbers and texts can always be written.
	}
	return string(text)
}

// learntKey tells nodes apart whose sizes may differ.
type learntKey struct {
	plan.OfferKey
	kubelet string
}

// withKubelet gives the group the sizes that its settings make of the offers: as nodes
// with the same settings show it, else reckoned from the capacity that any node of the
// type shows, else from what is estimated.
func (b *Builder) withKubelet(group *plan.Group, g *v1alpha1.NodeGroup, market *Market) {
	k := KubeletOf(g)
	if k == nil {
		return
	}
	group.Allocatable = map[plan.OfferKey]corev1.ResourceList{}
	in := g.Spec.DatacenterIDs()
	for _, offer := range market.Offers {
		if !slices.Contains(in, offer.DatacenterID) {
			continue
		}
		group.Allocatable[offer.Key()] = b.sizeWith(k, KubeletText(g), offer, market.Fixed[offer])
	}
}

func (b *Builder) sizeWith(k *plan.Kubelet, text string, offer *plan.Offer, fixed bool) corev1.ResourceList {
	list := k.Estimate(offer)
	if shown, known := b.learnt[learntKey{offer.Key().OnDemand(), text}]; known && !fixed {
		list = maps.Clone(shown)
	} else if capacity, known := b.capacity[offer.Key().OnDemand()]; known && !fixed {
		list = k.Allocatable(capacity)
	}
	return withDevices(list, offer)
}

// withDevices adds what device plugins announce, which no kubelet setting changes.
func withDevices(list corev1.ResourceList, offer *plan.Offer) corev1.ResourceList {
	for name, q := range offer.Allocatable {
		if _, shown := list[name]; !shown && isDevice(name) {
			list[name] = q
		}
	}
	return list
}

// Allocatable is what a new node of the group and the type offers to pods, as reckoned from
// the offer alone.
func Allocatable(g *v1alpha1.NodeGroup, offer *plan.Offer) corev1.ResourceList {
	if k := KubeletOf(g); k != nil {
		return withDevices(k.Estimate(offer), offer)
	}
	return offer.Allocatable
}
