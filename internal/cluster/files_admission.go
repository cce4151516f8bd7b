package cluster

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// admit changes a pod as the admission plugins LimitRanger and RuntimeClass would, of
// which a pod that has been in a cluster has seen the effect already. It goes by the
// defaults that LimitRanges have after SetDefaults_LimitRangeItem of
// k8s.io/kubernetes/pkg/apis/core/v1. what is where the pod is from.
func (r *reader) admit(p *corev1.Pod, what string) {
	for _, l := range r.limitRanges {
		if l.Namespace != p.Namespace {
			continue
		}
		for i := range l.Spec.Limits {
			if item := &l.Spec.Limits[i]; item.Type == corev1.LimitTypeContainer {
				limit(p.Spec.InitContainers, item)
				limit(p.Spec.Containers, item)
			}
		}
	}
	if p.Spec.RuntimeClassName == nil {
		return
	}
	for _, c := range r.runtimeClasses {
		if c.Name == *p.Spec.RuntimeClassName {
			runWith(&p.Spec, c)
			return
		}
	}
	text := fmt.Sprintf("spec.runtimeClassName: there is no RuntimeClass %q in the files; planned without what it adds", *p.Spec.RuntimeClassName)
	r.passed[text] = append(r.passed[text], what)
}

// admitDaemons does the same to the pods of DaemonSets, of which every new node gets one.
func (r *reader) admitDaemons() {
	for _, d := range r.objects.DaemonSets {
		if len(r.limitRanges) == 0 && d.Spec.Template.Spec.RuntimeClassName == nil {
			continue
		}
		p := &corev1.Pod{Spec: *d.Spec.Template.Spec.DeepCopy()}
		p.Namespace = d.Namespace
		setPodDefaults(p)
		r.admit(p, r.seen[identity{schema.GroupKind{Group: "apps", Kind: "DaemonSet"}, d.Namespace, d.Name}].what)
		d.Spec.Template.Spec = p.Spec
	}
}

// limit gives containers the requests and limits that they do not name.
func limit(containers []corev1.Container, item *corev1.LimitRangeItem) {
	limits := withLimits(maps.Clone(item.Default), item.Max)
	requests := withLimits(withLimits(maps.Clone(item.DefaultRequest), limits), item.Min)
	for i := range containers {
		c := &containers[i].Resources
		c.Requests, c.Limits = withLimits(c.Requests, requests), withLimits(c.Limits, limits)
	}
}

// runWith adds what a RuntimeClass takes and where it is.
func runWith(spec *corev1.PodSpec, class *nodev1.RuntimeClass) {
	if class.Overhead != nil && spec.Overhead == nil {
		spec.Overhead = class.Overhead.PodFixed
	}
	if class.Scheduling == nil {
		return
	}
	if spec.NodeSelector == nil {
		spec.NodeSelector = map[string]string{}
	}
	maps.Copy(spec.NodeSelector, class.Scheduling.NodeSelector)
	spec.Tolerations = append(spec.Tolerations, class.Scheduling.Tolerations...)
}
