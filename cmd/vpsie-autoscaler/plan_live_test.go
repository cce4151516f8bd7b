package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const liveObjects = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [nodes, pods, namespaces, persistentvolumes, persistentvolumeclaims], verbs: [get, list]}
- {apiGroups: [""], resources: [configmaps], resourceNames: [cluster-info], verbs: [get]}
- {apiGroups: [apps], resources: [daemonsets], verbs: [get, list]}
- {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [get, list]}
- {apiGroups: [scheduling.k8s.io], resources: [priorityclasses], verbs: [get, list]}
- {apiGroups: [storage.k8s.io], resources: [storageclasses, csinodes, csidrivers, csistoragecapacities, volumeattachments], verbs: [get, list]}
- {apiGroups: [autoscaler.vpsie.com], resources: [nodegroups, vpsienodes], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: secret-reader}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: auditor}
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: operator}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: secret-readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: secret-reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: operator}
`

const liveGroup = `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: web, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb], osImageID: ubuntu-22.04-lts}
---
apiVersion: v1
kind: Pod
metadata: {name: waits, namespace: default}
spec:
  containers:
  - {name: c, image: none, resources: {limits: {cpu: 1200m, memory: 1Gi}}}
`

const secondPod = `
apiVersion: v1
kind: Pod
metadata: {name: waits-too, namespace: default}
spec:
  containers:
  - {name: c, image: none, resources: {limits: {cpu: 1200m, memory: 1Gi}}}
`

const idleNode = `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: idle, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb], osImageID: ubuntu-22.04-lts}
---
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: VPSieNode
metadata: {name: idle-1, namespace: kube-system}
spec: {vpsieInstanceID: 1, instanceType: small-2cpu-4gb, nodeGroupName: idle, datacenterID: dc-us-east-1, nodeName: idle-1}
status: {phase: Ready, nodeName: idle-1}
---
apiVersion: v1
kind: Node
metadata: {name: idle-1}
status: {allocatable: {cpu: 1900m, memory: 3500Mi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
`

const liveOfferings = `
offerings:
- {id: small-2cpu-4gb, datacenterID: dc-us-east-1, cpu: 2, memoryMB: 4096, diskGB: 80, pricePerMonth: "72.00"}
`

// liveSecret is the account at the fake cloud.
func liveSecret(url, password string) string {
	return `{apiVersion: v1, kind: Secret, metadata: {name: vpsie-secret, namespace: kube-system}, stringData: {url: "` + url +
		`", token: "` + vpsietest.DefaultToken + `", accountPassword: "` + password + `"}}`
}

// as writes a kubeconfig with which to be another user.
func as(t *testing.T, env *testenv.Env, user string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(env.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range config.AuthInfos {
		info.Impersonate = user
	}
	path := filepath.Join(t.TempDir(), user)
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// A user without any right to write plans for the live cluster: what it needs is
// read, from the cluster and from the account of its Secret, and nothing else done.
func TestPlanForALiveCluster(t *testing.T) {
	env, err := testenv.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	fake, err := vpsietest.Start(vpsietest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	apply := func(text string) {
		env.Apply(t, fstest.MapFS{"objects.yaml": {Data: []byte(text)}}, "objects.yaml")
	}
	apply(liveObjects)
	apply(liveGroup)
	dir := t.TempDir()
	for name, text := range map[string]string{"offerings.yaml": liveOfferings, "group.yaml": liveGroup, "idle.yaml": idleNode} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	auditor, operator := as(t, env, "auditor"), as(t, env, "operator")
	bought := func(price string) string { return "web small-2cpu-4gb " + price + " default/waits" }
	const noOffer = "default/waits OfferingUnavailable"
	check := func(name string, args []string, status int, want, told string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { checkLive(t, args, status, want, told) })
	}

	check("no Secret", []string{"--kubeconfig", operator}, 0, noOffer, "VPSie API authentication failed: there is no Secret kube-system/vpsie-secret")
	apply(liveSecret(fake.URL(), vpsietest.DefaultAccountPassword))
	check("the account's prices", []string{"--kubeconfig", operator}, 0, bought("0.0167"), "")
	check("with --detailed-exitcode", []string{"--kubeconfig", operator, "--detailed-exitcode"}, 2, bought("0.0167"), "")
	check("another namespace", []string{"--kubeconfig", operator, "--namespace", "default"}, 0, "default/waits NoNodeGroup", "")
	check("no right to the Secret", []string{"--kubeconfig", auditor}, 1, "", "--offerings FILE does without it): secrets \"vpsie-secret\" is forbidden")
	check("prices of a file", []string{"--kubeconfig", auditor, "--offerings", "offerings.yaml"}, 0, bought("0.1000"), "")
	check("objects of a file, the account's prices", []string{"--kubeconfig", operator, "-f", "group.yaml"}, 0, bought("0.0167"), "")
	idle := []string{"--kubeconfig", operator, "-f", "idle.yaml", "--ignore-timers"}
	check("an idle node", idle, 0, "idle-1 Empty", "")
	apply(liveSecret(fake.URL(), ""))
	check("an idle node that could not be deleted", idle, 0, "idle-1 NotDeletable", "has no key accountPassword")
	apply(liveSecret(fake.URL(), vpsietest.DefaultAccountPassword))
	backOff := func(text string) {
		group := &v1alpha1.NodeGroup{}
		if err := env.Client(t, nil).Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: "web"}, group); err != nil {
			t.Fatal(err)
		}
		group.Status.Backoffs = nil
		if err := yaml.Unmarshal([]byte(text), &group.Status.Backoffs); err != nil {
			t.Fatal(err)
		}
		if err := env.Client(t, nil).Status().Update(t.Context(), group); err != nil {
			t.Fatal(err)
		}
	}
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	backOff(`[{instanceType: small-2cpu-4gb, datacenterID: dc-us-east-1, failures: 1, until: "` + later + `", reason: OutOfStock, message: sold out}]`)
	check("an offering that the controller backs off from", []string{"--kubeconfig", operator}, 0, "default/waits Backoff", "sold out; the next try is at ")
	backOff(`[{failures: 3, until: "` + later + `", reason: NotArriving, message: none came}]`)
	check("a group whose machines do not arrive", []string{"--kubeconfig", operator}, 0, "default/waits Backoff", "none came; the next try is at ")
	backOff(`[]`)
	check("machines that could not be told where to join", []string{"--kubeconfig", operator, "--bootstrap", "kubeadm"}, 0, noOffer, "ConfigMap kube-public/cluster-info does not say where the API server is")
	check("a way to join that there is not", []string{"--kubeconfig", operator, "--bootstrap", "kops"}, 1, "", `--bootstrap: "kops" is neither empty nor kubeadm`)
	apply(strings.Replace(liveGroup, "osImageID:", `userData: "{{.NoSuchThing}}", osImageID:`, 1))
	check("user data that cannot be rendered", []string{"--kubeconfig", operator}, 0, noOffer, "spec.userData")
	apply(strings.Replace(liveGroup, "osImageID:", `userData: "", osImageID:`, 1))
	apply(secondPod)
	check("as many as may be on their way before one has joined", []string{"--kubeconfig", operator, "--unproven-limit", "1"}, 0, bought("0.0167")+", default/waits-too Unproven", "")
	check("without such a limit", []string{"--kubeconfig", operator, "--unproven-limit", "0"}, 0, bought("0.0167")+", web small-2cpu-4gb 0.0167 default/waits-too", "")
	check("no right to anything", []string{"--kubeconfig", as(t, env, "stranger")}, 1, "", "reading the cluster (-f FILE plans without one)")
	check("no kubeconfig", []string{"--kubeconfig", "missing"}, 1, "", "-f FILE and --offerings FILE plan without a cluster")

	for _, r := range fake.Ledger().Requests {
		if r.Method != http.MethodGet && r.Path != "/apps/v2/resources" { // which is how VPSie lists prices
			t.Errorf("planning sent %s %s to VPSie", r.Method, r.Path)
		}
	}
}

// checkLive runs the command and sums its JSON up in a line.
func checkLive(t *testing.T, args []string, status int, want, told string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(t.Context(), append([]string{"plan", "-o", "json"}, args...), strings.NewReader(""), &stdout, &stderr); got != status {
		t.Fatalf("exit status %d, want %d: %s", got, status, &stderr)
	}
	if !strings.Contains(stderr.String(), told) || told == "" && stderr.Len() > 0 {
		t.Errorf("stderr %q, want %q", &stderr, told)
	}
	if want == "" {
		return
	}
	var o struct {
		Launches []struct {
			NodeGroup, InstanceType, PricePerHour string
			Pods                                  []string
		}
		Removals, Kept []struct{ Node, Reason string }
		Unplaced       []struct {
			Pod      string
			Refusals []struct{ Reason string }
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &o); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range o.Launches {
		got = append(got, strings.Join(append([]string{l.NodeGroup, l.InstanceType, l.PricePerHour}, l.Pods...), " "))
	}
	for _, u := range o.Unplaced {
		got = append(got, u.Pod+" "+u.Refusals[0].Reason)
	}
	for _, n := range append(o.Removals, o.Kept...) {
		got = append(got, n.Node+" "+n.Reason)
	}
	if diff := cmp.Diff(strings.Split(want, ", "), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
