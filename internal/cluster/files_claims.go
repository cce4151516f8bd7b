package cluster

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/component-helpers/storage/ephemeral"
)

// addEphemeralClaims adds the claims of waiting pods' generic ephemeral volumes that are not there: as soon as a
// pod is there, a controller makes them.
func (r *reader) addEphemeralClaims() {
	for _, p := range r.objects.Pods {
		if p.Spec.NodeName != "" || p.DeletionTimestamp != nil {
			continue
		}
		for i := range p.Spec.Volumes {
			v := &p.Spec.Volumes[i]
			if v.Ephemeral == nil || v.Ephemeral.VolumeClaimTemplate == nil {
				continue
			}
			t := v.Ephemeral.VolumeClaimTemplate
			r.addClaim(p, &corev1.PersistentVolumeClaim{
				ObjectMeta: metav1.ObjectMeta{
					Labels: t.Labels, Annotations: t.Annotations,
					OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: p.Name, UID: p.UID, Controller: new(true)}},
				},
				Spec: t.Spec,
			}, ephemeral.VolumeClaimName(p, v))
		}
	}
}

// mountClaim adds the claim that a StatefulSet's controller would make for the pod, and
// the volume that names it in place of one of the template.
func (r *reader) mountClaim(p *corev1.Pod, template *corev1.PersistentVolumeClaim, name string) {
	p.Spec.Volumes = slices.DeleteFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == template.Name })
	p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: template.Name, VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}}})
	r.addClaim(p, template, name)
}

// addClaim adds the claim that is made from the template for the pod, unless there is one of that name.
func (r *reader) addClaim(p *corev1.Pod, template *corev1.PersistentVolumeClaim, name string) {
	id := identity{kind: schema.GroupKind{Kind: "PersistentVolumeClaim"}, namespace: p.Namespace, name: name}
	if _, there := r.seen[id]; there {
		return
	}
	claim := template.DeepCopy()
	claim.Name, claim.Namespace = name, p.Namespace
	claim.Status.Phase = corev1.ClaimPending
	r.seen[id] = seen{what: "made from " + p.Namespace + "/" + p.Name, object: claim}
	r.objects.Claims = append(r.objects.Claims, claim)
}
