package charts_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	metricsPort = "18080"
	healthPort  = "18081"
)

// settings are the values of the chart in this test: ports that are free here, no restraint towards the fake cloud, and no
// pods, which would want nodes for themselves: a process stands for them.
const settings = `
replicas: 0
metrics: {port: ` + metricsPort + `}
health: {port: ` + healthPort + `}
extraArgs: ["--vpsie-requests-per-minute=1200"]
`

// demand is a NodeGroup that reacts within seconds, and pods of which a node holds one.
const demand = `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: chart, namespace: kube-system}
spec:
  minNodes: 0
  maxNodes: 3
  datacenterID: dc-us-east-1
  offeringIDs: [small-2cpu-4gb]
  osImageID: ubuntu-22.04-lts
  scaleUpPolicy: {stabilizationWindowSeconds: 1, cpuThreshold: 100, memoryThreshold: 100}
  scaleDownPolicy: {stabilizationWindowSeconds: 1, unneededTime: 1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: work, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: work}}
  template:
    metadata: {labels: {app: work}}
    spec:
      containers:
      - {name: work, image: work, resources: {requests: {cpu: 1500m}}}
`

// The rendered chart, applied to a whole cluster, gives an autoscaler that works with the rights of its ServiceAccount's
// token and with the arguments of its Deployment. No kubelet runs containers there, so its process is started here.
func TestChartGivesAWorkingAutoscaler(t *testing.T) {
	c := startCluster(t)
	text, err := render("kube-system", settings)
	if err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, text, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-")
	c.run(t, decode(t, text)["Deployment/kube-system/vpsie-autoscaler"])
	c.kubectl(t, demand, "apply", "-f", "-")
	c.await(t, "two pods to run on two nodes", func() error {
		if got := c.kubectl(t, "", "get", "deployment", "work", "-o", "jsonpath={.status.readyReplicas}"); got != "2" {
			return fmt.Errorf("%s pods are ready", cmp.Or(got, "no"))
		}
		return c.nodes(t, 2)
	})
	c.kubectl(t, "", "scale", "deployment", "work", "--replicas=0")
	c.await(t, "the nodes to be gone", func() error { return c.nodes(t, 0) })
	if holder := c.kubectl(t, "", "get", "lease", "-n", "kube-system", "-o", "jsonpath={.items[*].spec.holderIdentity}"); holder == "" {
		t.Error("no replica leads")
	}
}

// cluster is what `make up` starts, in a directory of its own.
type cluster struct {
	bin, dir   string
	kubeconfig string
	process    *exec.Cmd
	ended      chan error
	log        bytes.Buffer
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	bin, err := filepath.Abs(cmp.Or(os.Getenv("KUBEBUILDER_ASSETS"), "../.local/bin"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{bin: bin, dir: t.TempDir(), ended: make(chan error, 1)}
	local := filepath.Join(bin, "localcluster")
	t.Cleanup(func() {
		if output, err := exec.Command(local, "down", "--dir="+c.dir).CombinedOutput(); err != nil {
			t.Errorf("ending the cluster: %v\n%s", err, output)
		}
	})
	if output, err := exec.Command(local, "up", "--dir="+c.dir).CombinedOutput(); err != nil {
		t.Fatalf("starting a cluster (`make build` makes its binaries): %v\n%s", err, output)
	}
	vars := map[string]string{}
	text, err := os.ReadFile(filepath.Join(c.dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		vars[name] = value
	}
	c.kubeconfig = vars["KUBECONFIG"]
	killController(t, vars["CONTROLLER_PIDFILE"])
	return c
}

// killController ends the controller that came with the cluster.
func killController(t *testing.T, pidFile string) {
	t.Helper()
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// run starts the Deployment's container as a process that knows the cluster by a token of its ServiceAccount alone.
func (c *cluster) run(t *testing.T, deployment *unstructured.Unstructured) {
	t.Helper()
	account, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "spec", "serviceAccountName")
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	args, _, _ := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
	c.process = exec.Command(filepath.Join(c.bin, "vpsie-autoscaler"), args...)
	c.process.Env = []string{"KUBECONFIG=" + c.tokenKubeconfig(t, deployment.GetNamespace(), account), "HOME=" + c.dir}
	c.process.Stdout, c.process.Stderr = &c.log, &c.log
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.ended <- c.process.Wait() }()
	t.Cleanup(func() {
		_ = c.process.Process.Kill()
		<-c.ended
		if t.Failed() {
			t.Logf("the controller's log:\n%s", c.log.String())
		}
	})
	c.await(t, "the controller to be ready", func() error {
		response, err := http.Get("http://127.0.0.1:" + healthPort + "/readyz")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	})
}

func (c *cluster) tokenKubeconfig(t *testing.T, namespace, account string) string {
	t.Helper()
	admin, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	as := clientcmdapi.NewConfig()
	as.Clusters["local"] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData, CertificateAuthority: admin.CAFile}
	as.AuthInfos["pod"] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(c.kubectl(t, "", "create", "token", account, "-n", namespace))}
	as.Contexts["pod"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: "pod"}
	as.CurrentContext = "pod"
	file := filepath.Join(c.dir, "pod.kubeconfig")
	if err := clientcmd.WriteToFile(*as, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// kubectl runs as the administrator.
func (c *cluster) kubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(c.bin, "kubectl"), append(args, "--kubeconfig="+c.kubeconfig)...)
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(output)
}

// nodes says whether so many VPSieNodes and Nodes exist.
func (c *cluster) nodes(t *testing.T, want int) error {
	t.Helper()
	machines := strings.Fields(c.kubectl(t, "", "get", "vn", "-n", "kube-system", "-o", "name"))
	nodes := strings.Fields(c.kubectl(t, "", "get", "nodes", "-l", "autoscaler.vpsie.com/nodegroup=chart", "-o", "name"))
	if len(machines) != want || len(nodes) != want {
		return fmt.Errorf("there are %d VPSieNodes and %d Nodes, want %d", len(machines), len(nodes), want)
	}
	return nil
}

// await asks until the answer is nil; the limit is for a test that fails.
func (c *cluster) await(t *testing.T, what string, ask func() error) {
	t.Helper()
	last := errors.New("not asked")
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 2*time.Minute, true, func(context.Context) (bool, error) {
		select {
		case err := <-c.ended:
			c.ended <- err
			return false, fmt.Errorf("the controller ended: %w", err)
		default:
		}
		last = ask()
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v; last: %v", what, err, last)
	}
}
