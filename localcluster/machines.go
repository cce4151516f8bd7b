package localcluster

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// KubeletLabel marks the nodes for which kwok plays the kubelet. Its value says how far the kubelet is: "starting" keeps
// the node's heartbeats up and the node NotReady, "running" makes it Ready. Without the label the machine is dead.
//
// It is a label and not an annotation because kwok notices that a node is no longer its own only when the API server's
// watch tells it, and watches select by label.
const KubeletLabel = "localcluster.vpsie.com/kubelet"

const (
	kubeletStarting = "starting"
	kubeletRunning  = "running"
)

// Machines joins a fake cloud's machines to a cluster as their kubelets would. Its methods may be called concurrently,
// for one machine in the order Boot, Ready, Gone.
type Machines struct {
	config *rest.Config
	admin  kubernetes.Interface
}

// NewMachines joins machines to the cluster that the administrator's config reaches.
func NewMachines(admin *rest.Config) (*Machines, error) {
	client, err := kubernetes.NewForConfig(admin)
	if err != nil {
		return nil, fmt.Errorf("making a client for joining machines: %w", err)
	}
	return &Machines{config: rest.CopyConfig(admin), admin: client}, nil
}

// Boot is the start of the machine's kubelet: it reads its arguments from the user data and registers a NotReady node
// under its own name, with a kubelet's rights (so that a label which no kubelet may set is refused here as well). A
// bootstrap token in the user data must be a valid one. A machine that was shut down and starts again finds its node.
func (m *Machines) Boot(ctx context.Context, machine vpsietest.Machine) error {
	name := nodeName(machine)
	args, err := parseKubeletArgs(machine.UserData)
	if err != nil {
		return fmt.Errorf("booting machine %s: %w", name, err)
	}
	if err := m.checkToken(ctx, args.token); err != nil {
		return fmt.Errorf("booting machine %s: %w", name, err)
	}
	kubelet, err := m.kubelet(name)
	if err != nil {
		return fmt.Errorf("booting machine %s: %w", name, err)
	}
	node := newNode(machine, args)
	_, err = kubelet.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		err = m.rejoin(ctx, node)
	}
	if err != nil {
		return fmt.Errorf("registering node %s: %w", name, err)
	}
	return nil
}

// Ready is the moment from which the kubelet runs pods.
func (m *Machines) Ready(ctx context.Context, machine vpsietest.Machine) error {
	if err := m.mark(ctx, nodeName(machine), `"`+kubeletRunning+`"`); err != nil {
		return fmt.Errorf("making node %s ready: %w", nodeName(machine), err)
	}
	return nil
}

// Gone is the death of the machine: its heartbeats end, and after the cluster's NodeGrace its node is unreachable. The
// node object stays, as it does when a real machine is destroyed.
func (m *Machines) Gone(ctx context.Context, machine vpsietest.Machine) error {
	// A machine dies while the API server is away as well. Its node would stay Ready for ever.
	passes := func(err error) bool { return !apierrors.IsNotFound(err) && ctx.Err() == nil }
	err := retry.OnError(wait.Backoff{Duration: deathPatience / 240, Steps: 240}, passes, func() error { return m.mark(ctx, nodeName(machine), "null") })
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("stopping the kubelet of node %s: %w", nodeName(machine), err)
	}
	return nil
}

// deathPatience is for how long the API server may be away.
const deathPatience = time.Minute

func (m *Machines) mark(ctx context.Context, name, value string) error {
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%s}}}`, KubeletLabel, value)
	_, err := m.admin.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// rejoin takes the node over that the same machine registered when it ran before.
func (m *Machines) rejoin(ctx context.Context, node *corev1.Node) error {
	existing, err := m.admin.CoreV1().Nodes().Get(ctx, node.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if existing.Spec.ProviderID != node.Spec.ProviderID {
		return fmt.Errorf("a node of this name belongs to another machine: it has the provider ID %q, this one %q",
			existing.Spec.ProviderID, node.Spec.ProviderID)
	}
	return m.mark(ctx, node.Name, `"`+kubeletStarting+`"`)
}

// kubelet is a client with the rights of the node's kubelet.
func (m *Machines) kubelet(node string) (kubernetes.Interface, error) {
	config := rest.CopyConfig(m.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:node:" + node, Groups: []string{"system:nodes", "system:authenticated"}}
	return kubernetes.NewForConfig(config)
}

// tokenPatience is how long a token may be refused that the API server has stored: it looks for it in a cache, and kubeadm tries
// again for minutes.
const tokenPatience = 5 * time.Second

// checkToken asks the API server who the bearer of a bootstrap token is; a kubelet joins with no other credentials.
func (m *Machines) checkToken(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	config := rest.AnonymousClientConfig(m.config)
	config.BearerToken = token
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	err = retry.OnError(wait.Backoff{Duration: tokenPatience / 20, Steps: 20}, apierrors.IsUnauthorized, func() error {
		_, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		id, _, _ := strings.Cut(token, ".")
		return fmt.Errorf("joining with the bootstrap token %s.…: %w", id, err)
	}
	return nil
}

func nodeName(machine vpsietest.Machine) string { return strings.ToLower(machine.Hostname) }

// newNode is the node that the machine's kubelet registers.
func newNode(machine vpsietest.Machine, args kubeletArgs) *corev1.Node {
	name := nodeName(machine)
	labels := args.labels
	labels[corev1.LabelHostname] = name
	labels[corev1.LabelOSStable] = "linux"
	labels[corev1.LabelArchStable] = "amd64"
	labels[KubeletLabel] = kubeletStarting
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{ProviderID: cmp.Or(args.providerID, providerID(machine)), Taints: args.taints},
		Status: corev1.NodeStatus{
			Capacity:    capacity(machine),
			Allocatable: allocatable(machine),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: cmp.Or(args.nodeIP, machine.IPv4, machine.PrivateIP)},
				{Type: corev1.NodeHostName, Address: name},
			},
			Conditions: notReady(),
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64",
				OSImage: "Ubuntu 22.04 LTS", ContainerRuntimeVersion: "kwok://0.8.0", MachineID: machine.Identifier,
			},
		},
	}
}

func notReady() []corev1.NodeCondition {
	now := metav1.Now()
	conditions := []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory"},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure"},
		{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID"},
		{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: "container runtime network not ready"},
	}
	for i := range conditions {
		conditions[i].LastHeartbeatTime, conditions[i].LastTransitionTime = now, now
	}
	return conditions
}

func providerID(machine vpsietest.Machine) string { return "vpsie://" + machine.Identifier }
