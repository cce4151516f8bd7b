package localcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const binaryDir = "../.local/bin"

func TestTwoClustersSideBySide(t *testing.T) {
	clusters := startTwo(t)
	first, second := client(t, clusters[0]), client(t, clusters[1])
	machines, err := NewMachines(clusters[0].Config())
	if err != nil {
		t.Fatal(err)
	}
	machine := vpsietest.Machine{
		ID: 1, Identifier: "5f0c", Hostname: "Web-1", CPU: 2, MemoryMB: 4096, DiskGB: 80, IPv4: "192.0.2.7",
		UserData: `KUBELET_EXTRA_ARGS="--node-labels=tier=web --register-with-taints=dedicated=web:NoSchedule"`,
	}
	deploy(t, first)

	if err := machines.Boot(t.Context(), machine); err != nil {
		t.Fatal(err)
	}
	node := checkBootedNode(t, first)
	if pods := running(t, first); len(pods) != 0 {
		t.Errorf("pods %v run before the node is ready", pods)
	}

	if err := machines.Ready(t.Context(), machine); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both pods to run", func() error { return want(2, running(t, first)) })
	evicted := running(t, first)[0]
	if err := first.CoreV1().Pods("default").Delete(t.Context(), evicted, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deleted pod to be gone and replaced", func() error {
		if strings.Contains(fmt.Sprint(running(t, first)), evicted) {
			return errors.New("it still runs")
		}
		return want(2, running(t, first))
	})

	if err := machines.Gone(t.Context(), machine); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the dead machine's node to be unreachable", func() error { return readyIs(t, first, node.Name, corev1.ConditionUnknown) })

	others, err := second.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(others.Items) != 0 {
		t.Errorf("the second cluster has the first one's nodes: %v", others.Items)
	}
	checkStopped(t, clusters[0])
	if _, err := second.Discovery().ServerVersion(); err != nil {
		t.Errorf("the second cluster suffers from the first one's end: %v", err)
	}
}

func TestMachinesThatDoNotJoin(t *testing.T) {
	cluster, err := Start(t.Context(), Options{BinDir: binaryDir, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { checkStopped(t, cluster) }()
	machines, err := NewMachines(cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	other := vpsietest.Machine{Identifier: "1", Hostname: "taken", CPU: 1, MemoryMB: 1024, DiskGB: 10}
	if err := machines.Boot(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := machines.Boot(t.Context(), other); err != nil {
		t.Errorf("a machine that starts again does not find its node: %v", err)
	}
	for name, test := range map[string]struct {
		machine vpsietest.Machine
		mention string
	}{
		"unknown bootstrap token":         {vpsietest.Machine{Hostname: "a", CPU: 1, MemoryMB: 1024, UserData: "--token abcdef.0123456789abcdef"}, "bootstrap token abcdef"},
		"label that no kubelet may set":   {vpsietest.Machine{Hostname: "b", CPU: 1, MemoryMB: 1024, UserData: "--node-labels=node-role.kubernetes.io/x="}, "node-role.kubernetes.io/x"},
		"name of another machine's node":  {vpsietest.Machine{Identifier: "2", Hostname: "taken", CPU: 1, MemoryMB: 1024}, "another machine"},
		"argument that kubelet must fear": {vpsietest.Machine{Hostname: "c", CPU: 1, MemoryMB: 1024, UserData: "--register-with-taints=a:b:c"}, "--register-with-taints=a:b:c"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := machines.Boot(t.Context(), test.machine); err == nil || !strings.Contains(err.Error(), test.mention) {
				t.Errorf("Boot returned %v, want an error that mentions %q", err, test.mention)
			}
		})
	}
}

func TestDeadComponentIsNamedWithItsLog(t *testing.T) {
	cluster, err := Start(t.Context(), Options{BinDir: binaryDir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { checkStopped(t, cluster) }()
	cluster.processes[0].Kill()
	failure := <-cluster.Failed()
	if !strings.Contains(failure.Error(), "running etcd") || !strings.Contains(failure.Error(), "etcd.log") {
		t.Errorf("failure %q names neither etcd nor its log", failure)
	}
}

func TestSchedulerThatEndsIsStartedAgain(t *testing.T) {
	cluster, err := Start(t.Context(), Options{BinDir: binaryDir, Restarts: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { checkStopped(t, cluster) }()
	end := func() int {
		cluster.mu.Lock()
		p := cluster.processes[slices.IndexFunc(cluster.processes, func(p *Process) bool { return p.name == scheduler && p.Err() == nil })]
		cluster.mu.Unlock()
		p.Kill()
		return p.PID()
	}
	first := end()
	ready := healthy("https://" + loopback(cluster.layout.scheduler) + "/readyz")
	if err := cluster.wait(t.Context(), "the scheduler to be healthy again", ready); err != nil {
		t.Fatal(err)
	}
	if second := end(); second == first {
		t.Error("the process that was ended is still there")
	}
	if failure := <-cluster.Failed(); !strings.Contains(failure.Error(), "running kube-scheduler") {
		t.Errorf("the second end is reported as %v", failure)
	}
}

func TestStartWithoutBinaries(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", "")
	for _, dir := range []string{"", t.TempDir()} {
		if _, err := Start(t.Context(), Options{BinDir: dir}); err == nil || !strings.Contains(err.Error(), "build.sh") {
			t.Errorf("Start with the binaries in %q returned %v, want an error that names build.sh", dir, err)
		}
	}
}

func TestEndOfTheContextStopsTheCluster(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cluster, err := Start(ctx, Options{BinDir: binaryDir})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	eventually(t, "the cluster's directory to be gone", func() error {
		_, err := os.Stat(cluster.dir)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err == nil:
			return fmt.Errorf("%s is there", cluster.dir)
		}
		return err
	})
	checkStopped(t, cluster)
}

func startTwo(t *testing.T) [2]*Cluster {
	t.Helper()
	var clusters [2]*Cluster
	var errs [2]error
	var wait sync.WaitGroup
	for i := range clusters {
		wait.Go(func() {
			clusters[i], errs[i] = Start(t.Context(), Options{BinDir: binaryDir, NodeGrace: 8 * time.Second})
		})
	}
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(clusters[0].Stop(), clusters[1].Stop()); err != nil {
			t.Error(err)
		}
	})
	return clusters
}

func client(t *testing.T, c *Cluster) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// deploy asks for two pods that only the test's machine can hold.
func deploy(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	labels := map[string]string{"app": "web"}
	_, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				NodeSelector: map[string]string{"tier": "web"},
				Tolerations:  []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}},
				Containers: []corev1.Container{{Name: "web", Image: "web", Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")},
				}}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// checkBootedNode checks the node that the machine has registered and waits until its kubelet sends heartbeats.
func checkBootedNode(t *testing.T, client kubernetes.Interface) *corev1.Node {
	t.Helper()
	node, err := client.CoreV1().Nodes().Get(t.Context(), "web-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if node.Spec.ProviderID != "vpsie://5f0c" || node.Labels["tier"] != "web" || node.Labels[corev1.LabelHostname] != "web-1" {
		t.Errorf("the node has the provider ID %q and the labels %v", node.Spec.ProviderID, node.Labels)
	}
	var taints []string
	for _, taint := range node.Spec.Taints {
		taints = append(taints, taint.ToString())
	}
	if want := []string{"dedicated=web:NoSchedule", "node.kubernetes.io/not-ready:NoSchedule"}; !cmp.Equal(want, taints) {
		t.Errorf("the node has the taints %v, want %v", taints, want)
	}
	if cpu := node.Status.Allocatable.Cpu().String(); cpu != "1900m" {
		t.Errorf("the node's allocatable CPU is %s", cpu)
	}
	if err := readyIs(t, client, node.Name, corev1.ConditionFalse); err != nil {
		t.Error(err)
	}
	eventually(t, "the booting node's lease", func() error {
		_, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), node.Name, metav1.GetOptions{})
		return err
	})
	return node
}

func readyIs(t *testing.T, client kubernetes.Interface, node string, status corev1.ConditionStatus) error {
	t.Helper()
	got, err := client.CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, condition := range got.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == status {
			return nil
		}
	}
	return fmt.Errorf("the node's conditions are %v, want Ready %s", got.Status.Conditions, status)
}

// running lists the names of the pods that run and are not on their way out.
func running(t *testing.T, client kubernetes.Interface) []string {
	t.Helper()
	pods, err := client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning && pod.Status.PodIP != "" && pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	return names
}

func want(n int, names []string) error {
	if len(names) != n {
		return fmt.Errorf("got %v, want %d", names, n)
	}
	return nil
}

// checkStopped stops the cluster and looks for what it left behind.
func checkStopped(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	for _, p := range c.processes {
		if err := gone(p.PID()); err != nil {
			t.Errorf("%s after Stop: %v", p.name, err)
		}
	}
	for _, path := range []string{c.layout.pki, c.layout.data, c.kubeconfig} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there after Stop (%v)", path, err)
		}
	}
}
