package main

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func metaOf(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// Reasons come from the journal behind --journal-url, from the journal of the
// autoscaler's pods through the API server, from a plan, and from the status, whichever
// is there.
func TestWhereReasonsComeFrom(t *testing.T) {
	apply(t, objects)
	ask := []string{"explain", "pod", "huge", "-n", "shop"}

	as(t, "reader", "", ask...).want(t, 0, "no pod with the label app.kubernetes.io/name=vpsie-autoscaler runs in namespace kube-system",
		`no plan: reading the VPSie account`, "is forbidden", "From the objects' status alone")

	secret(t)
	kubectl(t, ask...).want(t, 0, "note: no journal:", "asks for more than a node of it has: cpu 100 of", "From a plan made now")

	now := time.Now()
	server := journalOf(t, refused(now, "shop/huge", plan.Paused, "the journal's words"))
	url := slices.Concat(ask, []string{"--journal-url", server.URL + "/metrics"})
	as(t, "reader", "", url...).want(t, 0, "the journal's words", "From the autoscaler's journal")
	if r := as(t, "reader", "", url...); r.errors != "" {
		t.Errorf("stderr %q", r.errors)
	}
	kubectl(t, append(url, "--from", "plan")...).want(t, 0, "From a plan made now")
	kubectl(t, append(url, "--from", "status")...).want(t, 0, "From the objects' status alone")
	kubectl(t, append(url, "--from", "hearsay")...).want(t, 1, `--from: "hearsay" is not any, journal, plan or status`)

	old := journalOf(t, refused(now.Add(-time.Hour), "shop/huge", plan.Paused, "long ago"))
	kubectl(t, append(ask, "--journal-url", old.URL)...).want(t, 0, "the autoscaler has not decided for 60m: does it run?", "From a plan made now")
	as(t, "reader", "", append(ask, "--journal-url", old.URL)...).want(t, 0, "has not decided for 60m", "long ago", "From the autoscaler's journal")

	// Of two pods the one that leads has the latest round.
	podAt(t, "standby", old.Listener.Addr())
	podAt(t, "leader", server.Listener.Addr())
	as(t, "reader", "", ask...).want(t, 0, "the journal's words", "From the journal of pod leader")
	as(t, "stranger", "", ask...).want(t, 1, "listing the NodeGroups of namespace kube-system", "forbidden")
}

// podAt is a pod of the autoscaler that serves its metrics at the address.
func podAt(t *testing.T, name string, address net.Addr) {
	t.Helper()
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	apply(t, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: kube-system, labels: {app.kubernetes.io/name: vpsie-autoscaler}},
spec: {nodeName: n1, containers: [{name: c, image: none, ports: [{name: health, containerPort: 1}, {name: metrics, containerPort: %s}]}]}}`, name, port))
	setStatus(t, &corev1.Pod{}, "kube-system", name, fmt.Sprintf(`{"phase":"Running","podIP":%q,"podIPs":[{"ip":%q}]}`, host, host))
	t.Cleanup(func() { remove(t, &corev1.Pod{ObjectMeta: metaOf("kube-system", name)}) })
}

func TestStatusAndCostAndFormats(t *testing.T) {
	apply(t, objects)
	machine(t, "vpsie-web-1", "n1")
	setStatus(t, &v1alpha1.VPSieNode{}, "kube-system", "vpsie-web-1", `{"phase":"Ready","nodeName":"n1","costPerHour":"0.0167"}`)
	setStatus(t, &v1alpha1.NodeGroup{}, "kube-system", "web", `{"currentNodes":1,"desiredNodes":1,"readyNodes":1,"costPerHour":"0.0167","instanceTypes":"1 small-2cpu-4gb","observedGeneration":1}`)
	setStatus(t, &corev1.Node{}, "", "n1", `{"allocatable":{"cpu":"2","memory":"4Gi"},"conditions":[{"type":"Ready","status":"True"}]}`)
	apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: half, namespace: shop}, spec: {nodeName: n1, containers: [{name: c, image: none, resources: {requests: {cpu: "1", memory: 1Gi}}}]}}`)
	server := journalOf(t, refused(time.Now(), "shop/huge", plan.MaxNodesReached, "full"))
	where := []string{"--journal-url", server.URL}

	kubectl(t, append(where, "status")...).want(t, 0, "web         1/1    0    3    0.0167  1 small-2cpu-4gb  as wanted", "1      web: MaxNodesReached  shop/huge")
	kubectl(t, append(where, "cost")...).want(t, 0, "All machines: 0.0167 an hour, about 12 a month", "1.0 of 2.0 (50%)", "1.0Gi of 4.0Gi (25%)", "0.0083")

	var status explain.StatusAnswer
	r := kubectl(t, append(where, "status", "-o", "json")...)
	if err := json.Unmarshal([]byte(r.out), &status); err != nil || status.Groups[0].Name != "web" || status.Waiting[0].Reason != "web: MaxNodesReached" {
		t.Errorf("%v: %+v", err, r)
	}
	var cost explain.CostAnswer
	r = kubectl(t, append(where, "cost", "-o", "yaml")...)
	if err := yaml.UnmarshalStrict([]byte(r.out), &cost); err != nil || cost.Idle != "0.0083" || cost.Nodes[0].Name != "n1" {
		t.Errorf("%v: %+v", err, r)
	}
	var pod explain.PodAnswer
	r = kubectl(t, append(where, "explain", "pod", "shop/huge", "-o", "json")...)
	if err := json.Unmarshal([]byte(r.out), &pod); err != nil || pod.Refusals[0].Reason != plan.MaxNodesReached || len(pod.Changes) == 0 {
		t.Errorf("%v: %+v", err, r)
	}
	var node explain.NodeAnswer
	r = kubectl(t, append(where, "explain", "node", "vpsie-web-1", "-o", "json")...)
	if err := json.Unmarshal([]byte(r.out), &node); err != nil || node.Node != "n1" || node.Load.CPU.Percent() != 50 {
		t.Errorf("%v: %+v", err, r)
	}
	kubectl(t, append(where, "status", "-o", "xml")...).want(t, 1, `--output: "xml" is not json, yaml or wide`)
	kubectl(t, append(where, "status", "-n", "shop")...).want(t, 0, "There is no NodeGroup")
}

func TestWhatIsNotThere(t *testing.T) {
	apply(t, objects)
	kubectl(t, "explain", "pod", "nobody", "-n", "shop").want(t, 1, "error: there is no pod nobody in namespace shop")
	kubectl(t, "explain", "node", "nobody", "--from", "status").want(t, 1, `there is no node and no VPSieNode "nobody"`)
	kubectl(t, "explain").want(t, 1, "say what to explain: kubectl vpsie explain pod NAME")
	kubectl(t, "explain", "service/web").want(t, 1, "say what to explain: kubectl vpsie explain pod NAME")
	kubectl(t, "explain", "pod/nobody", "-n", "shop").want(t, 1, "error: there is no pod nobody in namespace shop")
	kubectl(t, "explain", "vpsienode.autoscaler.vpsie.com/nobody", "--from", "status").want(t, 1, `there is no node and no VPSieNode "nobody"`)
	kubectl(t, "drain", "node/nobody").want(t, 1, "no VPSieNode in namespace kube-system is nobody or has a node of that name")
	kubectl(t, "keep", "vn/nobody").want(t, 1, "no VPSieNode in namespace kube-system is nobody")
	kubectl(t, "drain", "nobody").want(t, 1, "no VPSieNode in namespace kube-system is nobody or has a node of that name")
	kubectl(t, "keep", "nobody").want(t, 1, "no VPSieNode in namespace kube-system is nobody")
	kubectl(t, "frobnicate").want(t, 1, `unknown command "frobnicate" for "kubectl vpsie"`)
	kubectl(t, "explain", "pod", "--help").want(t, 0, "kubectl vpsie explain pod [NAMESPACE/]NAME [flags]")
}

func TestJournal(t *testing.T) {
	now := time.Now()
	server := journalOf(t,
		observe.NewRound(now.Add(-2*time.Hour), &plan.Plan{Launches: []plan.Launch{{Name: "l", Group: "web", InstanceType: "small", Reason: plan.PendingPods, Pods: []string{"shop/a"}}}}, map[string]string{"l": "vpsie-web-1"}),
		refused(now.Add(-time.Minute), "shop/huge", plan.Backoff, "no stock"))
	where := []string{"journal", "--journal-url", server.URL}
	kubectl(t, where...).want(t, 0, "orders  vpsie-web-1 of NodeGroup web: small", "for 1 pod: shop/a", "waits   1 pod (shop/huge): web: Backoff")
	for _, args := range [][]string{{"--since", "1h"}, {"--limit", "1"}, {"--pod", "shop/huge"}} {
		r := kubectl(t, append(where, args...)...)
		if r.want(t, 0, "shop/huge"); strings.Contains(r.out, "vpsie-web-1") {
			t.Errorf("%q: %s", args, r.out)
		}
	}
	kubectl(t, append(where, "--group", "other")...).want(t, 0, "No round is known")
	kubectl(t, append(where, "--since", "noonish")...).want(t, 1, `--since: "noonish" is neither an hour of the day (14:00)`)
	kubectl(t, append(where, "-o", "json")...).want(t, 0, `"machine": "vpsie-web-1"`)
	server.Close()
	kubectl(t, where...).want(t, 1, "error: asking "+server.URL)
}

func TestTimesAsPeopleWriteThem(t *testing.T) {
	zone := time.FixedZone("Z", 2*60*60)
	now := time.Date(2025, 10, 12, 14, 30, 0, 0, zone)
	for text, want := range map[string]string{
		"14:00": "2025-10-12T14:00:00+02:00", "14:02:05": "2025-10-12T14:02:05+02:00",
		"23:00": "2025-10-11T23:00:00+02:00", // it is not yet that late today
		"30m":   "2025-10-12T14:00:00+02:00", "2025-10-01 09:00": "2025-10-01T09:00:00+02:00",
		"2025-10-12T12:00:00Z": "2025-10-12T12:00:00Z",
	} {
		if got, err := readTime(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v, want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
}

// A command without the name that it wants says how it is used.
func TestNamesAreAskedFor(t *testing.T) {
	for _, command := range []string{"drain", "keep", "explain pod", "explain node", "explain ng"} {
		words := strings.Fields(command)
		run(t, words...).want(t, 1, "one name is wanted, and 0 are given; use it as kubectl vpsie "+command+" ")
		run(t, append(words, "a", "b")...).want(t, 1, "one name is wanted, and 2 are given")
	}
}

func TestDrainAsksAndDeletes(t *testing.T) {
	apply(t, objects)
	there := func(name string) bool {
		err := env.Client(t, nil).Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: name}, &v1alpha1.VPSieNode{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
		return err == nil
	}
	machine(t, "vpsie-web-2", "n2")
	says := "Machine n2 (small-2cpu-4gb, NodeGroup web), which has no Kubernetes node, will be given up."
	kubectl(t, "drain", "n2").want(t, 1, says, "VPS 7 is deleted with its disk", "not a terminal: pass --yes to skip the confirmation")
	kubectl(t, "drain", "n2", "--dry-run").want(t, 0, says, "Nothing was done (--dry-run).")
	as(t, "", "n\n", "drain", "n2").want(t, 1, "Go on? [y/N]", "error: nothing was done")
	as(t, "reader", "y\n", "drain", "n2").want(t, 1, "deleting VPSieNode vpsie-web-2", "forbidden")
	if !there("vpsie-web-2") {
		t.Fatal("it is gone though nobody agreed")
	}
	as(t, "", "y\n", "drain", "n2").want(t, 0, "VPSieNode vpsie-web-2 is on its way out")
	if there("vpsie-web-2") {
		t.Error("it is still there")
	}
	machine(t, "vpsie-web-3", "n3")
	if kubectl(t, "drain", "vpsie-web-3", "--yes").want(t, 0, "on its way out"); there("vpsie-web-3") {
		t.Error("--yes did not delete it")
	}
}

func TestKeep(t *testing.T) {
	apply(t, objects)
	machine(t, "vpsie-web-4", "n4")
	apply(t, `{apiVersion: v1, kind: Node, metadata: {name: n4, annotations: {autoscaler.vpsie.com/do-not-delete: "true"}}}`)
	kept := func() string {
		var m v1alpha1.VPSieNode
		var n corev1.Node
		c := env.Client(t, nil)
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: "vpsie-web-4"}, &m); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), client.ObjectKey{Name: "n4"}, &n); err != nil {
			t.Fatal(err)
		}
		return m.Annotations[v1alpha1.AnnotationDoNotDelete] + "," + n.Annotations[v1alpha1.AnnotationDoNotDelete]
	}
	for range 2 {
		kubectl(t, "keep", "n4").want(t, 0, "Node n4 is kept", "kubectl vpsie keep n4 --off")
		if got := kept(); got != "true,true" {
			t.Errorf("kept by %q", got)
		}
	}
	kubectl(t, "keep", "vpsie-web-4", "--off").want(t, 0, "is kept no longer")
	if got := kept(); got != "," {
		t.Errorf("still kept by %q", got)
	}
}

// The plan is that of vpsie-autoscaler plan, and its exit status.
func TestPlan(t *testing.T) {
	apply(t, objects)
	secret(t)
	apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: fits, namespace: default}, spec: {containers: [{name: c, image: none, resources: {requests: {cpu: "1"}}}]}}`)
	t.Cleanup(func() { remove(t, &corev1.Pod{ObjectMeta: metaOf("default", "fits")}) })
	kubectl(t, "plan").want(t, 0, "BUY 1 machine", "WAIT", "shop/huge")
	kubectl(t, "plan", "--detailed-exitcode", "-o", "json").want(t, 2, `"nodeGroup": "web"`)
	kubectl(t, "plan", "--now", "noon").want(t, 1, "--now:")
}

func TestCompletion(t *testing.T) {
	apply(t, objects)
	machine(t, "vpsie-web-5", "n5")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"explain", "pod", "-n", "shop", "hu"}, "huge :4"},
		{[]string{"explain", "pod", "shop/hu"}, "shop/huge :4"},
		{[]string{"drain", "n5"}, "n5 :4"},
		{[]string{"status", "--from", ""}, "any journal plan status :4"},
		{[]string{"status", "-o", ""}, "json yaml wide :4"},
	} {
		// What is completed is the last argument.
		r := run(t, append([]string{"__complete", "--kubeconfig", env.Kubeconfig}, test.args...)...)
		if got := strings.Join(strings.Fields(r.out), " "); got != test.want {
			t.Errorf("%q offers %q, want %q", test.args, got, test.want)
		}
	}
	if !strings.Contains(kubectl(t, "completion", "bash").out, "__start_kubectl-vpsie") {
		t.Error("no completion for bash")
	}
}

// What pods do to their node is told as the running controller has its flags, and by the
// default flags where no controller can be asked.
func TestAnswersKnowTheControllersFlags(t *testing.T) {
	apply(t, objects)
	machine(t, "vpsie-web-1", "n1")
	setStatus(t, &v1alpha1.VPSieNode{}, "kube-system", "vpsie-web-1", `{"phase":"Ready","nodeName":"n1"}`)
	apply(t, `{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: low}, value: -5}`)
	apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop}, spec: {nodeName: n1, priorityClassName: low, containers: [{name: c, image: none}]}}`)
	apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: scratch, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: r, controller: true}]},
spec: {nodeName: n1, volumes: [{name: scratch, emptyDir: {}}], containers: [{name: c, image: none}]}}`)
	t.Cleanup(func() {
		remove(t, &corev1.Pod{ObjectMeta: metaOf("shop", "bare")})
		remove(t, &corev1.Pod{ObjectMeta: metaOf("shop", "scratch")})
		remove(t, &schedulingv1.PriorityClass{ObjectMeta: metaOf("", "low")})
	})
	const bare, scratch = "pod shop/bare has no controller", "pod shop/scratch has local storage in volume scratch"
	told := func(r result, says, silent string) {
		t.Helper()
		r.want(t, 0, says)
		if strings.Contains(r.out, silent) {
			t.Errorf("%q is told: %s", silent, r.out)
		}
	}
	running := journalWith(t, plan.Options{ExpendablePriorityCutoff: 0, SkipNodesWithLocalStorage: true}, observe.NewRound(time.Now(), &plan.Plan{}, nil))
	for _, command := range [][]string{{"drain", "n1", "--dry-run"}, {"explain", "node", "n1"}} {
		told(kubectl(t, append(command, "--journal-url", running.URL)...), scratch, bare)
		if command[0] == "explain" {
			command = append(command, "--from", "status")
		}
		told(kubectl(t, command...), bare, scratch)
	}
}
