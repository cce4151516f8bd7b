package cluster

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// What people put into objects that no decision reads is not in the copy, and the objects
// stay as they are.
func TestRedactedHasNoSecrets(t *testing.T) {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: "shop", Annotations: map[string]string{
			"example.com/token": "SECRET-annotation", corev1.LastAppliedConfigAnnotation: "SECRET-applied", "vault.hashicorp.com/role": "SECRET-vault",
		}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "SECRET-manager"}}}
	}
	container := corev1.Container{
		Name: "c", Image: "SECRET-image", Command: []string{"SECRET-command"}, Args: []string{"SECRET-args"}, WorkingDir: "SECRET-dir",
		Env: []corev1.EnvVar{{Name: "SECRET-name", Value: "SECRET-env"}}, EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "SECRET-from"}}}},
		LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "SECRET-probe"}}},
	}
	ref := &corev1.LocalObjectReference{Name: "SECRET-ref"}
	spec := corev1.PodSpec{
		Containers: []corev1.Container{container}, InitContainers: []corev1.Container{container}, ServiceAccountName: "SECRET-account",
		EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon(container)}},
		ImagePullSecrets:    []corev1.LocalObjectReference{*ref}, HostAliases: []corev1.HostAlias{{IP: "SECRET-ip"}},
		Volumes: []corev1.Volume{
			{Name: "a", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "SECRET-volume"}}},
			{Name: "b", VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "d", VolumeAttributes: map[string]string{"k": "SECRET-attribute"}, NodePublishSecretRef: ref}}},
			{Name: "c", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "SECRET-path"}}},
			{Name: "d", VolumeSource: corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{RBDImage: "i", Keyring: "SECRET-keyring", SecretRef: ref}}},
			{Name: "e", VolumeSource: corev1.VolumeSource{FlexVolume: &corev1.FlexVolumeSource{Options: map[string]string{"o": "SECRET-option"}}}},
			{Name: "f", VolumeSource: corev1.VolumeSource{Cinder: &corev1.CinderVolumeSource{VolumeID: "v", SecretRef: ref}}},
		},
	}
	volume := corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
		Driver: "d", VolumeHandle: "h", VolumeAttributes: map[string]string{"k": "SECRET-attribute"}, NodeStageSecretRef: &corev1.SecretReference{Name: "SECRET-stage"},
	}}}
	o := &Objects{
		NodeGroups: []*v1alpha1.NodeGroup{{ObjectMeta: meta("g"), Spec: v1alpha1.NodeGroupSpec{UserData: "token: SECRET-token"}, Status: v1alpha1.NodeGroupStatus{Nodes: []v1alpha1.NodeInfo{{IPAddress: "SECRET-address"}}}}},
		VPSieNodes: []*v1alpha1.VPSieNode{{ObjectMeta: meta("m"), Spec: v1alpha1.VPSieNodeSpec{IPAddress: "SECRET-address", IPv6Address: "SECRET-v6"}}},
		Aside:      []*v1alpha1.VPSieNode{{ObjectMeta: meta("n"), Spec: v1alpha1.VPSieNodeSpec{IPAddress: "SECRET-address"}}},
		Nodes: []*corev1.Node{{ObjectMeta: meta("n"), Spec: corev1.NodeSpec{ProviderID: "SECRET-provider", PodCIDR: "SECRET-cidr"}, Status: corev1.NodeStatus{
			Addresses: []corev1.NodeAddress{{Address: "SECRET-address"}}, Images: []corev1.ContainerImage{{Names: []string{"SECRET-image"}}},
		}}},
		Pods:              []*corev1.Pod{{ObjectMeta: meta("p"), Spec: *spec.DeepCopy(), Status: corev1.PodStatus{PodIP: "SECRET-ip", Message: "SECRET-message"}}},
		Namespaces:        []*corev1.Namespace{{ObjectMeta: meta("shop")}},
		DaemonSets:        []*appsv1.DaemonSet{{ObjectMeta: meta("d"), Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{ObjectMeta: meta("t"), Spec: *spec.DeepCopy()}}}},
		Volumes:           []*corev1.PersistentVolume{{ObjectMeta: meta("v"), Spec: *volume.DeepCopy()}},
		Claims:            []*corev1.PersistentVolumeClaim{{ObjectMeta: meta("c")}},
		StorageClasses:    []*storagev1.StorageClass{{ObjectMeta: meta("s"), Parameters: map[string]string{"k": "SECRET-parameter"}, MountOptions: []string{"SECRET-mount"}}},
		VolumeAttachments: []*storagev1.VolumeAttachment{{ObjectMeta: meta("a"), Spec: storagev1.VolumeAttachmentSpec{Source: storagev1.VolumeAttachmentSource{InlineVolumeSpec: &volume}}, Status: storagev1.VolumeAttachmentStatus{AttachmentMetadata: map[string]string{"k": "SECRET-metadata"}}}},
	}
	before, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(o.Redacted(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "SECRET") {
			t.Errorf("it has %s", strings.TrimSpace(line))
		}
	}
	if after, _ := json.Marshal(o); string(after) != string(before) {
		t.Error("the objects themselves were changed")
	}
}

// A machine that was made from the user data is not outdated in the copy either.
func TestRedactedUserDataComparesAsBefore(t *testing.T) {
	for _, text := range []string{"", "#cloud-config", strings.Repeat("long ", 1000)} {
		g := &v1alpha1.NodeGroup{Spec: v1alpha1.NodeGroupSpec{UserData: text}}
		copied := (&Objects{NodeGroups: []*v1alpha1.NodeGroup{g}}).Redacted().NodeGroups[0]
		if a, b := fmt.Sprint(MadeFrom(g, "")), fmt.Sprint(MadeFrom(copied, "")); a != b {
			t.Errorf("%q: made from %s, and in the copy from %s", text, a, b)
		}
	}
}

// No kind of Objects is shared with the copy, so none was forgotten.
func TestRedactedCopiesEveryKind(t *testing.T) {
	o := &Objects{}
	lists := reflect.ValueOf(o).Elem()
	for i := range lists.NumField() {
		if list := lists.Field(i); list.Kind() == reflect.Slice && lists.Type().Field(i).IsExported() {
			list.Set(reflect.Append(list, reflect.New(list.Type().Elem().Elem())))
		}
	}
	copied := reflect.ValueOf(o.Redacted()).Elem()
	for i := range lists.NumField() {
		if list := lists.Field(i); list.Kind() == reflect.Slice && list.Len() > 0 && copied.Field(i).Index(0).Pointer() == list.Index(0).Pointer() {
			t.Errorf("%s are not redacted", lists.Type().Field(i).Name)
		}
	}
}
