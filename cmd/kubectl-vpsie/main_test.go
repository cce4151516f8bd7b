package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }

// result is what a run of the program came to.
type result struct {
	status      int
	out, errors string
}

// run runs the program.
func run(t *testing.T, args ...string) result { t.Helper(); return runWith(t, "", args...) }

// runWith runs it for a person who types the input; without any there is nobody to ask.
func runWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &cli{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &stdout, ErrOut: &stderr},
		clock:     clock.RealClock{}, asks: stdin != "",
	}
	status := c.run(t.Context(), args)
	return result{status, stdout.String(), stderr.String()}
}

// as runs the program as a user of the test cluster; empty is the administrator.
func as(t *testing.T, user, stdin string, args ...string) result {
	t.Helper()
	args = append(slices.Clone(args), "--kubeconfig", env.Kubeconfig)
	if user != "" {
		args = append(args, "--as", user)
	}
	return runWith(t, stdin, args...)
}

func kubectl(t *testing.T, args ...string) result { t.Helper(); return as(t, "", "", args...) }

// want fails unless the program ended with the status and said all of it.
func (r result) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("exit status %d, want %d", r.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.errors, text) {
			t.Errorf("it does not say %q", text)
		}
	}
	if t.Failed() {
		t.Fatalf("stdout:\n%s\nstderr:\n%s", r.out, r.errors)
	}
}

func apply(t *testing.T, text string) {
	t.Helper()
	env.Apply(t, fstest.MapFS{"objects.yaml": {Data: []byte(text)}}, "objects.yaml")
}

// setStatus patches an object's status, which applying leaves out.
func setStatus(t *testing.T, o client.Object, namespace, name, status string) {
	t.Helper()
	o.SetNamespace(namespace)
	o.SetName(name)
	patch := client.RawPatch(types.MergePatchType, []byte(`{"status":`+status+`}`))
	if err := env.Client(t, nil).Status().Patch(t.Context(), o, patch); err != nil {
		t.Fatal(err)
	}
}

// journalOf serves a journal with rounds as the controller does.
func journalOf(t *testing.T, rounds ...*observe.Round) *httptest.Server {
	t.Helper()
	return journalWith(t, plan.Options{}, rounds...)
}

// journalWith serves the journal of a controller with other flags.
func journalWith(t *testing.T, flags plan.Options, rounds ...*observe.Round) *httptest.Server {
	t.Helper()
	j := observe.NewJournal()
	for _, r := range rounds {
		j.Note(r)
	}
	mux := http.NewServeMux()
	mux.Handle(observe.JournalPath, j.Handler(clock.RealClock{}, flags))
	server := httptest.NewUnstartedServer(mux)
	// The API server's proxy goes to no loopback address.
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// ownAddress is one of this machine's, and its loopback where it has no other.
func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	return "127.0.0.1"
}

// refused is a round in which a pod waits.
func refused(at time.Time, pod string, reason plan.RefusalReason, message string) *observe.Round {
	return observe.NewRound(at, &plan.Plan{Unplaced: []plan.Unplaced{{
		Pod: pod, Refusals: []plan.Refusal{{Group: "web", InstanceType: "small-2cpu-4gb", Reason: reason, Message: message}},
	}}}, nil)
}

const objects = `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: web, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb], osImageID: ubuntu-22.04-lts}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: huge, namespace: shop}
spec: {containers: [{name: c, image: none, resources: {limits: {cpu: "100", memory: 1Gi}}}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cli-reader}
rules:
- {apiGroups: [""], resources: [nodes, pods, namespaces, persistentvolumes, persistentvolumeclaims], verbs: [get, list]}
- {apiGroups: [apps], resources: [daemonsets], verbs: [get, list]}
- {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [get, list]}
- {apiGroups: [scheduling.k8s.io], resources: [priorityclasses], verbs: [get, list]}
- {apiGroups: [storage.k8s.io], resources: [storageclasses, csinodes, csidrivers, csistoragecapacities, volumeattachments], verbs: [get, list]}
- {apiGroups: [autoscaler.vpsie.com], resources: [nodegroups, vpsienodes], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cli-readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cli-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: proxy}
rules: [{apiGroups: [""], resources: [pods/proxy], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: proxy, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: proxy}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
`

// machine makes a VPSieNode without the finalizer that only the autoscaler takes away.
func machine(t *testing.T, name, node string) {
	t.Helper()
	apply(t, fmt.Sprintf(`{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: %s, namespace: kube-system},
spec: {vpsieInstanceID: 7, instanceType: small-2cpu-4gb, nodeGroupName: web, datacenterID: dc-us-east-1, nodeName: %s}}`, name, node))
	t.Cleanup(func() { remove(t, &v1alpha1.VPSieNode{ObjectMeta: metaOf("kube-system", name)}) })
}

// remove deletes at the end of a test, whose context is over by then.
func remove(t *testing.T, o client.Object) {
	t.Helper()
	if err := env.Client(t, nil).Delete(context.Background(), o, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
		t.Error(err)
	}
}

// secret is the account at a fake cloud.
func secret(t *testing.T) {
	t.Helper()
	fake, err := vpsietest.Start(vpsietest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	apply(t, `{apiVersion: v1, kind: Secret, metadata: {name: vpsie-secret, namespace: kube-system}, stringData: {url: "`+fake.URL()+
		`", token: "`+vpsietest.DefaultToken+`", accountPassword: "`+vpsietest.DefaultAccountPassword+`"}}`)
	t.Cleanup(func() { remove(t, &corev1.Secret{ObjectMeta: metaOf("kube-system", "vpsie-secret")}) })
}
