package cluster

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

const oldVersion = "apiVersion=autoscaler.vpsie.com/v1alpha1"

// What people apply in a deprecated version is counted once an object, also of what the cache keeps of it.
func TestDeprecatedUse(t *testing.T) {
	apply := func(version, subresource string, operation metav1.ManagedFieldsOperationType) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager: "argocd", Operation: operation, APIVersion: "autoscaler.vpsie.com/" + version, Subresource: subresource,
			FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`),
		}
	}
	const applied, updated = metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate
	last := map[string]string{corev1.LastAppliedConfigAnnotation: `{"apiVersion":"autoscaler.vpsie.com/v1alpha1","kind":"NodeGroup"}`}
	for name, tc := range map[string]struct {
		meta metav1.ObjectMeta
		want int
	}{
		"nobody applies it":        {metav1.ObjectMeta{}, 0},
		"applied as v1alpha1":      {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{apply("v1alpha1", "", applied)}}, 1},
		"by kubectl":               {metav1.ObjectMeta{Annotations: last}, 1},
		"twice":                    {metav1.ObjectMeta{Annotations: last, ManagedFields: []metav1.ManagedFieldsEntry{apply("v1alpha1", "", applied)}}, 1},
		"applied as v1beta1":       {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{apply("v1beta1", "", applied), apply("v1alpha2", "", applied)}}, 0},
		"written, but not applied": {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{apply("v1alpha1", "", updated)}}, 0},
		"the status":               {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{apply("v1alpha1", "status", applied)}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := &v1alpha1.NodeGroup{ObjectMeta: tc.meta}
			own := &v1alpha1.VPSieNode{ObjectMeta: *tc.meta.DeepCopy()}
			own.UID = "u"
			metav1.SetMetaDataAnnotation(&own.ObjectMeta, v1alpha1.AnnotationLaunchReason, "PendingPods")
			o := &Objects{NodeGroups: []*v1alpha1.NodeGroup{g}, VPSieNodes: []*v1alpha1.VPSieNode{own}}
			before := DeprecatedUse(o)
			if _, err := keepApplied(g); err != nil {
				t.Fatal(err)
			}
			after := DeprecatedUse(o)
			if n, there := before[oldVersion]; n != tc.want || !there || !equality.Semantic.DeepEqual(before, after) {
				t.Errorf("%v, of what the cache keeps %v; want %d", before, after, tc.want)
			}
			for _, m := range g.ManagedFields {
				if m.FieldsV1 != nil {
					t.Errorf("the cache keeps %s", m.FieldsV1.GetRawString())
				}
			}
		})
	}
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{UID: "u", Annotations: last}}
	if n := DeprecatedUse(&Objects{VPSieNodes: []*v1alpha1.VPSieNode{m}})[oldVersion]; n != 1 {
		t.Errorf("a VPSieNode that a person made counts %d", n)
	}
}
