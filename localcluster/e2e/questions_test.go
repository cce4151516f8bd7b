package e2e

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

// Every question of an operator is answered by one command of the plugin, on a cluster with
// load, a pod that fits nowhere, a pod that holds a node, and a node that is not needed.
func TestOneCommandAnswersEachQuestion(t *testing.T) {
	ports, err := localcluster.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	metrics := fmt.Sprintf("127.0.0.1:%d", ports[0])
	c := startController(t, "--metrics-bind-address="+metrics)
	c.awaitReady(t)
	asked, held := newGroup("asked", 0, 3), newGroup("held", 0, 2)
	asked.Spec.OfferingIDs, asked.Spec.AllowMixedInstances = []string{"medium-4cpu-8gb", "large-8cpu-16gb"}, true
	asked.Spec.ScaleDownPolicy.UnneededTime = new(int32(3600))
	defer c.clear(t, asked, held)
	create(t, asked)
	create(t, held)
	stays, goes := newDeployment("stays", "asked", 2), newDeployment("goes", "asked", 1)
	create(t, stays)
	c.await(t, "a node for two pods", func() error { return podsRun(t, "stays", 2) })
	node := nodeOf(t, "stays")
	create(t, goes)
	c.await(t, "a node for the third pod", func() error { return podsRun(t, "goes", 1) })
	idle := nodeOf(t, "goes")
	remove(t, goes)
	bare := bound("bare", "held", "300m")
	defer remove(t, bare)
	create(t, bare)
	stuck := bound("stuck", "asked", "100")
	defer remove(t, stuck)
	create(t, stuck)
	c.await(t, "the pod without a controller to run", func() error {
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(bare), bare); err != nil || bare.Spec.NodeName == "" {
			return errors.Join(err, errors.New("it has no node"))
		}
		return nil
	})
	c.awaitNodes(t, asked, 2)

	q := questions{t: t, journal: "http://" + metrics}
	// A controller that starts after an hour charges what ran meanwhile, and stores that when it ends.
	c.restart(t)
	c.anHourLater(t)
	rounds := 0
	c.await(t, "the charge of that hour", func() error {
		rounds++
		patch(t, bare, fmt.Sprintf(`{"metadata":{"labels":{"round":"%d"}}}`, rounds)) // which starts a round
		return charged("http://" + metrics + "/metrics")
	})
	c.restart(t)
	c.await(t, "the journal over a restart", func() error {
		if out, _ := q.ask("journal", "--since", "1h"); !strings.Contains(out, "orders  "+node) {
			return errors.New(out)
		}
		return nil
	})
	c.await(t, "the decisions of the controller that runs now", func() error {
		out, _ := q.ask("status")
		if !strings.Contains(out, "WHAT GOES NEXT") || !strings.Contains(out, "InsufficientResource") {
			return errors.New(out)
		}
		return nil
	})
	q.answer("why is this pod pending", []string{"Pod default/stuck", "asked", "InsufficientResource", "WHAT WOULD CHANGE IT"}, "explain", "pod", "default/stuck")
	q.answer("why is this node here", []string{"stays:", "bought: medium-4cpu-8gb", "because of PendingPods", "default/stays-"}, "explain", "node", node)
	q.answer("what if I delete it", []string{"WHAT IF", "--without node/" + node, "an hour less", "PLACE 2 pods"}, "plan", "--without", "node/"+node)
	q.answer("what if maxNodes is 30", []string{"WHAT IF", "as it is", "what if"}, "plan", "--set", "ng/asked.maxNodes=30")
	q.answer("what if small costs 9", []string{"an hour less", "--price " + small + "=9"}, "plan", "--price", small+"=9")
	q.answer("drain a datacenter", []string{"--drain datacenter/dc-us-east-1", "nothing is bought there in this what-if"}, "plan", "--drain", "datacenter/dc-us-east-1")
	at := time.Now().Format("15:04")
	q.answer("why was this bought, after a restart", []string{"orders  " + node, "default/stays-"}, "journal", "--until", at+":59", "--since", "2h")
	q.answer("what did we pay this week, by namespace", []string{"The machines have cost 0.", "BY NAMESPACE", "default", "(idle)"}, "spend", "--since", "7d", "--by", "namespace")
	q.answer("what goes next and when", []string{"WHAT GOES NEXT", idle, "it is not needed, and goes at"}, "status")
	q.answer("why this type", []string{"bought: medium-4cpu-8gb, 0.", "would have done as well: large-8cpu-16gb at 0."}, "explain", "node", node)
	q.answer("the cheapest possible and why we are above it", []string{"WHY NOT LESS", "cost at least", "ABOVE/H", "Timers"}, "cost")
	q.answer("which pods hold nodes and what that costs", []string{"PodNotEvictable", "default/bare", "0.0167", bare.Spec.NodeName}, "blockers")
	q.answer("is my account password right", []string{"account password", "ok"}, "doctor")
	q.answer("what would 50 replicas cost", []string{"WHAT IF", "an hour more", "BUY"}, "plan", "--set", "deployment/default/stays.replicas=50", "--set", "ng/asked.maxNodes=60")

	setAccount(t, c.namespace, with(c.account(), map[string]string{"accountPassword": "wrong"}))
	q.status = 2
	q.answer("is my account password right, when it is not", []string{"problem", "accountPassword"}, "doctor")
	setAccount(t, c.namespace, c.account())
}

// questions asks the plugin.
type questions struct {
	t       *testing.T
	journal string
	status  int
}

func (q *questions) ask(args ...string) (out string, status int) {
	q.t.Helper()
	bin := cmp.Or(os.Getenv("BIN"), os.Getenv("KUBEBUILDER_ASSETS"), filepath.Join("..", "..", ".local", "bin"))
	cmd := exec.CommandContext(q.t.Context(), filepath.Join(bin, "kubectl-vpsie"), append(args, "--kubeconfig", shared.Cluster.Kubeconfig())...)
	cmd.Env = append(os.Environ(), "VPSIE_JOURNAL_URL="+q.journal, "COLUMNS=200")
	text, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), exit.ExitCode()
	}
	if err != nil {
		q.t.Fatalf("running the plugin (`make build` makes it): %v", err)
	}
	return string(text), 0
}

// answer asks and wants the answer to say all of it.
func (q *questions) answer(question string, want []string, args ...string) {
	q.t.Helper()
	began := time.Now()
	out, status := q.ask(args...)
	q.t.Logf("%s? %s, %d ms", question, strings.Join(args, " "), time.Since(began).Milliseconds())
	if status != q.status {
		q.t.Errorf("%s: exit status %d, want %d", question, status, q.status)
	}
	for _, text := range want {
		if !strings.Contains(out, text) {
			q.t.Errorf("%s: the answer to %v lacks %q:\n%s", question, args, text, out)
		}
	}
}

// charged says whether the controller has added up what machines cost.
func charged(metrics string) error {
	response, err := http.Get(metrics)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "\nvpsie_autoscaler_spend_total{") {
		return errors.New("no machine has cost anything")
	}
	return nil
}

// anHourLater has the controller's last charge be an hour ago.
func (c *controller) anHourLater(t *testing.T) {
	t.Helper()
	old := c.running()
	old.Terminate()
	<-old.Done()
	spend := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-autoscaler-spend", Namespace: c.namespace}}
	if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(spend), spend); err != nil {
		t.Fatal(err)
	}
	var stored map[string]any
	if err := json.Unmarshal([]byte(spend.Data["spend.json"]), &stored); err != nil {
		t.Fatal(err)
	}
	stored["until"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	text, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	spend.Data["spend.json"] = string(text)
	if err := shared.client.Update(t.Context(), spend); err != nil {
		t.Fatal(err)
	}
	c.start(t)
	c.awaitReady(t)
	c.awaitRound(t)
}

// restart ends the controller as Kubernetes does, and starts another.
func (c *controller) restart(t *testing.T) {
	t.Helper()
	old := c.running()
	old.Terminate()
	<-old.Done()
	c.start(t)
	c.awaitReady(t)
	c.awaitRound(t)
}

// awaitRound waits until the NodeGroups have heard of a round of this process.
func (c *controller) awaitRound(t *testing.T) {
	t.Helper()
	var groups v1alpha1.NodeGroupList
	c.await(t, "a round", func() error {
		list(t, &groups, c.namespace)
		for i := range groups.Items {
			if groups.Items[i].Status.ObservedGeneration != groups.Items[i].Generation {
				return fmt.Errorf("NodeGroup %s has not been seen", groups.Items[i].Name)
			}
		}
		return nil
	})
}

// nodeOf is the node of the pods of that app.
func nodeOf(t *testing.T, app string) string {
	t.Helper()
	var pods corev1.PodList
	list(t, &pods, "default")
	for i := range pods.Items {
		if strings.HasPrefix(pods.Items[i].Name, app+"-") {
			return pods.Items[i].Spec.NodeName
		}
	}
	t.Fatalf("there is no pod of %s", app)
	return ""
}

// bound is a pod without a controller for the nodes of a purpose.
func bound(name, purposeOfNodes, cpu string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{purpose: purposeOfNodes},
			Containers: []corev1.Container{{Name: "work", Image: "work", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)},
			}}},
		},
	}
}
