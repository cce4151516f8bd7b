package scale

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const (
	groupName    = "pool"
	instanceType = "large-8cpu-16gb"
	datacenter   = "dc-us-east-1"
	namespaces   = 20
	// replicas is how many pods a controller has.
	replicas = 30
)

func namespace(i int) string { return fmt.Sprintf("load-%d", i%namespaces) }

// nodeGroup buys one type and lets no node go while the controller is measured.
func nodeGroup(nodes int) *v1alpha1.NodeGroup {
	return &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Name: groupName, Namespace: config.Namespace},
		Spec: v1alpha1.NodeGroupSpec{
			MinNodes: 0, MaxNodes: int32(nodes + 2000), DatacenterID: datacenter,
			OfferingIDs: []string{instanceType}, OSImageID: "ubuntu-22.04-lts", SSHKeyIDs: []string{"ssh-key-123"},
			ScaleUpPolicy: v1alpha1.ScaleUpPolicy{
				StabilizationWindowSeconds: new(int32(1)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100)),
			},
			ScaleDownPolicy: v1alpha1.ScaleDownPolicy{
				StabilizationWindowSeconds: new(int32(1)), UnneededTime: new(int32(3600)),
				CPUThreshold: new(int32(50)), MemoryThreshold: new(int32(50)),
			},
		},
	}
}

func metaOf(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: uuid.NewUUID(), Generation: 1,
		CreationTimestamp: metav1.NewTime(time.Now().Add(-time.Hour).Truncate(time.Second)),
	}
}

// vpsieNode is a machine that has been ready for an hour, as the controller leaves it: nothing is left to write.
func vpsieNode(m vpsietest.Machine, made *v1alpha1.MadeFrom) *v1alpha1.VPSieNode {
	name := m.Hostname
	n := &v1alpha1.VPSieNode{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "VPSieNode"},
		ObjectMeta: metaOf(config.Namespace, name),
		Spec: v1alpha1.VPSieNodeSpec{
			VPSieInstanceID: int64(m.ID), InstanceType: m.InstanceType, NodeGroupName: groupName, DatacenterID: datacenter,
			NodeName: name, IPAddress: m.IPv4,
		},
	}
	n.Finalizers = []string{v1alpha1.Finalizer}
	n.Labels = map[string]string{
		v1alpha1.LabelParent: groupName, v1alpha1.LabelInstanceType: m.InstanceType, v1alpha1.LabelDatacenter: datacenter,
	}
	n.Annotations = map[string]string{v1alpha1.AnnotationLaunchReason: "PendingPods", v1alpha1.AnnotationLastApplied: "{}"}
	at := n.CreationTimestamp
	n.Status = v1alpha1.VPSieNodeStatus{
		Phase: v1alpha1.PhaseReady, NodeName: name, Hostname: name, ObservedGeneration: 1, VPSieStatus: "running",
		CreatedAt: &at, OrderedAt: &at, ProvisionedAt: &at, JoinedAt: &at, ReadyAt: &at, MadeFrom: made,
	}
	for _, c := range []metav1.Condition{
		{Type: v1alpha1.VPSieNodeVPSReady, Status: metav1.ConditionTrue, Reason: "VPSRunning", Message: "VPS is running on VPSie platform"},
		{Type: v1alpha1.VPSieNodeNodeJoined, Status: metav1.ConditionTrue, Reason: "NodeJoinedCluster", Message: "Node successfully joined Kubernetes cluster"},
		{Type: v1alpha1.VPSieNodeNodeReady, Status: metav1.ConditionTrue, Reason: "NodeReady", Message: "Kubernetes node is ready to accept workloads"},
		{Type: v1alpha1.VPSieNodeError, Status: metav1.ConditionFalse, Reason: "NoError"},
	} {
		c.ObservedGeneration, c.LastTransitionTime = n.Generation, at
		n.Status.Conditions = append(n.Status.Conditions, c)
	}
	return n
}

// newNode is the machine's node, ready, with what a kubelet reports: images as well.
func newNode(m vpsietest.Machine) *corev1.Node {
	name := strings.ToLower(m.Hostname)
	n := &corev1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metaOf("", name)}
	n.Labels = map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		v1alpha1.LabelNodeGroup: groupName, v1alpha1.LabelInstanceType: m.InstanceType, v1alpha1.LabelDatacenter: datacenter,
		corev1.LabelInstanceTypeStable: m.InstanceType, corev1.LabelTopologyRegion: datacenter,
	}
	n.Spec.ProviderID = "vpsie://" + m.Identifier
	n.Status.Capacity = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("7900m"), corev1.ResourceMemory: resource.MustParse("15000Mi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: m.IPv4}}
	n.Status.NodeInfo = corev1.NodeSystemInfo{KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64", MachineID: m.Identifier}
	n.Status.Conditions = []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
		LastHeartbeatTime: n.CreationTimestamp, LastTransitionTime: n.CreationTimestamp,
	}}
	for i := range 30 {
		image := fmt.Sprintf("registry.example.com/team-%d/service-%d", i%5, i)
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{
			Names: []string{image + "@sha256:" + strings.Repeat("0123456789abcdef", 4), image + ":v1.2.3"}, SizeBytes: 100 << 20,
		})
	}
	return n
}

// newPod is the pod i of its controller, running on the node, as large as pods usually are.
func newPod(i int, name, node string) *corev1.Pod {
	controller := i / replicas
	app := fmt.Sprintf("app-%d", controller)
	p := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metaOf(namespace(controller), name)}
	p.Labels = map[string]string{"app": app, "pod-template-hash": "5d4f8c7b9"}
	p.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app, UID: types.UID(fmt.Sprintf("00000000-0000-0000-0000-%012d", controller)),
		Controller: new(true), BlockOwnerDeletion: new(true),
	}}
	probe := &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080), Scheme: corev1.URISchemeHTTP}},
		PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
	}
	c := corev1.Container{
		Name: "main", Image: "registry.example.com/team/" + app + ":v1.2.3", LivenessProbe: probe, ReadinessProbe: probe,
		TerminationMessagePath: corev1.TerminationMessagePathDefault, TerminationMessagePolicy: corev1.TerminationMessageReadFile, ImagePullPolicy: corev1.PullIfNotPresent,
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("200m"), corev1.ResourceMemory: resource.MustParse("400Mi"),
		}},
	}
	for e := range 20 {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", e), Value: "value of " + app})
	}
	p.Spec = corev1.PodSpec{
		NodeName: node, Containers: []corev1.Container{c}, RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst,
		ServiceAccountName: "default", SchedulerName: corev1.DefaultSchedulerName, TerminationGracePeriodSeconds: new(int64(30)),
		AutomountServiceAccountToken: new(false), SecurityContext: &corev1.PodSecurityContext{},
	}
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.1.2.3", QOSClass: corev1.PodQOSBurstable}
	for _, t := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: corev1.ConditionTrue, LastTransitionTime: p.CreationTimestamp})
	}
	p.ManagedFields = []metav1.ManagedFieldsEntry{{
		Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &p.CreationTimestamp, FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}}}}`),
	}}
	return p
}
