package cluster

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
)

// admit changes a pod as the admission plugins LimitRanger and RuntimeClass would, of
// which a pod that has been in a cluster has seen the effect already. It goes by the
// defaults that LimitRanges have after SetDefaults_LimitRangeItem of
// k8s.io/kubernetes/pkg/apis/core/v1.
func (r *reader) admit(p *corev1.Pod) {
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
		}
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
