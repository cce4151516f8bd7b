package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inFiles writes files, by name, and returns their directory.
func inFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readText(t testing.TB, text string) *Files {
	t.Helper()
	read, err := ReadFiles([]string{"-"}, strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// namesOf lists what was read, as kind and name.
func namesOf(o *Objects) []string {
	var names []string
	add(&names, "NodeGroup", o.NodeGroups)
	add(&names, "VPSieNode", o.VPSieNodes)
	add(&names, "Node", o.Nodes)
	add(&names, "Pod", o.Pods)
	add(&names, "Namespace", o.Namespaces)
	add(&names, "DaemonSet", o.DaemonSets)
	add(&names, "PodDisruptionBudget", o.Budgets)
	add(&names, "PersistentVolume", o.Volumes)
	add(&names, "PersistentVolumeClaim", o.Claims)
	add(&names, "StorageClass", o.StorageClasses)
	add(&names, "CSINode", o.CSINodes)
	add(&names, "CSIDriver", o.CSIDrivers)
	add(&names, "CSIStorageCapacity", o.StorageCapacities)
	add(&names, "VolumeAttachment", o.VolumeAttachments)
	return names
}

func add[T interface {
	GetNamespace() string
	GetName() string
}](names *[]string, kind string, list []T) {
	for _, o := range list {
		*names = append(*names, kind+" "+strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/"))
	}
}

const aPod = "{apiVersion: v1, kind: Pod, metadata: {name: NAME}, spec: {containers: [{name: c}]}}"

func pod(name string) string { return strings.ReplaceAll(aPod, "NAME", name) }

const aGroup = `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: web, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc, offeringIDs: [small], osImageID: u}
`

func TestEveryFormIsRead(t *testing.T) {
	json := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"NAME"},"spec":{"containers":[{"name":"c"}]}}`
	tests := map[string]struct{ text string }{
		"YAML documents":      {pod("a") + "\n---\n" + pod("b") + "\n"},
		"a List in YAML":      {"apiVersion: v1\nkind: List\nitems:\n- " + pod("a") + "\n- " + pod("b") + "\n"},
		"a List in JSON":      {`{"apiVersion":"v1","kind":"List","items":[` + strings.ReplaceAll(json, "NAME", "a") + "," + strings.ReplaceAll(json, "NAME", "b") + "]}"},
		"JSON documents":      {strings.ReplaceAll(json, "NAME", "a") + "\n" + strings.ReplaceAll(json, "NAME", "b")},
		"a PodList":           {"apiVersion: v1\nkind: PodList\nitems:\n- {metadata: {name: a}, spec: {containers: [{name: c}]}}\n- " + pod("b") + "\n"},
		"a List in a List":    {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [" + pod("a") + "]}\n- " + pod("b") + "\n"},
		"List and document":   {"apiVersion: v1\nkind: List\nitems:\n- " + pod("a") + "\n---\n" + pod("b") + "\n"},
		"an empty List apart": {"apiVersion: v1\nkind: List\nitems: []\nmetadata: {resourceVersion: \"\"}\n---\n" + pod("a") + "\n---\n" + pod("b")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{"Pod default/a", "Pod default/b"}, namesOf(readText(t, test.text).Objects)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryKindIsRead(t *testing.T) {
	text := strings.Join([]string{
		aGroup,
		"{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: m}, spec: {instanceType: small, nodeGroupName: web, datacenterID: dc}}",
		"{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {conditions: [{type: Ready, status: 'True'}]}}",
		pod("p"),
		"{apiVersion: v1, kind: Namespace, metadata: {name: default}}",
		"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {}, template: {spec: {containers: [{name: c}]}}}}",
		"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {replicas: 1}}",
		"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {replicas: 1}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1}, status: {disruptionsAllowed: 1}}",
		"{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 10}",
		"{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {capacity: {storage: 1Gi}}}",
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {volumeName: v}}",
		"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: p}",
		"{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: n1}, spec: {drivers: []}}",
		"{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: d}, spec: {storageCapacity: true}}",
		"{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: c}, storageClassName: fast, capacity: 1Gi}",
		"{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: d, nodeName: n1, source: {persistentVolumeName: v}}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, anything: [goes]}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: y1}}",
		"{apiVersion: management.cattle.io/v3, kind: Node, metadata: {name: x}}",
	}, "\n---\n")
	read := readText(t, text)
	want := []string{
		"NodeGroup kube-system/web", "VPSieNode m", "Node n1", "Pod default/p", "Namespace default", "DaemonSet default/d",
		"PodDisruptionBudget default/b", "PersistentVolume v", "PersistentVolumeClaim default/c", "StorageClass fast", "CSINode n1",
		"CSIDriver d", "CSIStorageCapacity default/c", "VolumeAttachment a",
	}
	if diff := cmp.Diff(want, namesOf(read.Objects)); diff != "" {
		t.Errorf("objects -want +got:\n%s", diff)
	}
	notes := []string{
		"ignored, as no decision depends on them: 2 of kind ConfigMap (v1), 1 of kind Node (management.cattle.io/v3)",
		"no pods are planned for workloads whose spec.template has no containers: ReplicaSet default/r, StatefulSet default/s",
	}
	if diff := cmp.Diff(notes, read.Notes); diff != "" {
		t.Errorf("notes -want +got:\n%s", diff)
	}
	if got := read.Budgets[0].Status.DisruptionsAllowed; got != 1 {
		t.Errorf("the budget's status says %d, want 1", got)
	}
}

func TestDirectories(t *testing.T) {
	dir := inFiles(t, map[string]string{
		"d/b.yaml": pod("b"), "d/a.yml": pod("a"), "d/deep/er/c.json": `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"},"spec":{"containers":[{}]}}`,
		"d/README.md": "not YAML: [", "d/.hidden.yaml": "not: [", "d/.git/x.yaml": "not: [", "e/read.me": "", "alone.txt": pod("alone"), "d/nodes.txt": "NAME STATUS",
		"k/pod.yaml": pod("k"), "k/kustomization.yaml": "resources: [pod.yaml]\n", "k/values.yaml": "replicas: 3\n", "k/empty.yaml": "# nothing\n",
		"k/z.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml]\n", "k/list.json": "[]", "none/values.yaml": "replicas: 3\n",
		"pod.desc": "Name:  web\nNamespace:  default\n", "pods.out": "NAME  READY\nweb   1/1\n", "chart/pod.yaml": "kind: Pod\nmetadata: {name: {{ .Release.Name }} }\n",
	})
	if err := os.Symlink(filepath.Join(dir, "alone.txt"), filepath.Join(dir, "d", "link.yaml")); err != nil {
		t.Fatal(err)
	}
	read, err := ReadFiles([]string{filepath.Join(dir, "d"), "-"}, strings.NewReader(pod("stdin")), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Pod default/a", "Pod default/b", "Pod default/c", "Pod default/alone", "Pod default/stdin"}
	if diff := cmp.Diff(want, namesOf(read.Objects)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	read, err = ReadFiles([]string{filepath.Join(dir, "d"), filepath.Join(dir, "k")}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.ReplaceAll(strings.Join(read.Notes, "\n"), dir+"/", "")
	for _, want := range []string{
		"skipped, as their names do not end in .yaml, .yml or .json: d/README.md, d/nodes.txt", "skipped, as they hold no Kubernetes object: k/empty.yaml, k/list.json, k/values.yaml",
		"skipped, as kustomizations are not applied: k/kustomization.yaml, k/z.yaml: Kustomization without a name;",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes:\n%s\nwant %s", notes, want)
		}
	}
	for name, test := range map[string]struct {
		paths []string
		want  string
	}{
		"a description": {[]string{filepath.Join(dir, "pod.desc")}, "it looks like what `kubectl describe` prints"},
		"a table":       {[]string{filepath.Join(dir, "pods.out")}, "it looks like a table of `kubectl get`"},
		"a template":    {[]string{filepath.Join(dir, "chart")}, "it looks like a template of a Helm chart"},
		"kustomization": {[]string{filepath.Join(dir, "k", "kustomization.yaml")}, "is a kustomization, which is not applied: pass what `kustomize build` prints"},
		"values":        {[]string{filepath.Join(dir, "k", "values.yaml")}, "kind: required; want a Kubernetes object"},
		"no objects":    {[]string{filepath.Join(dir, "none")}, "none/values.yaml: no Kubernetes object in them"},
		"nothing in it": {[]string{filepath.Join(dir, "e")}, "holds no file that ends in .yaml, .yml or .json"},
		"not there":     {[]string{filepath.Join(dir, "f")}, "no such file"},
		"given twice":   {[]string{filepath.Join(dir, "alone.txt"), filepath.Join(dir, "alone.txt")}, "alone.txt: is given twice"},
		"stdin twice":   {[]string{"-", "-"}, "-: is given twice"},
		"a fault":       {[]string{filepath.Join(dir, "d", "README.md")}, "README.md: reading YAML: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadFiles(test.paths, strings.NewReader(""), "")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	text := aGroup + "---\n" + strings.ReplaceAll(aGroup, "web, namespace: kube-system", "other, namespace: shop") +
		"---\n" + strings.ReplaceAll(aGroup, "web, namespace: kube-system", "plain")
	for namespace, want := range map[string][]string{
		"":            {"NodeGroup kube-system/web", "NodeGroup shop/other", "NodeGroup plain"},
		"kube-system": {"NodeGroup kube-system/web", "NodeGroup plain"},
		"shop":        {"NodeGroup shop/other", "NodeGroup plain"},
	} {
		read, err := ReadFiles([]string{"-"}, strings.NewReader(text), namespace)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, namesOf(read.Objects)); diff != "" {
			t.Errorf("namespace %q: -want +got:\n%s", namespace, diff)
		}
		told := slices.ContainsFunc(read.Notes, func(n string) bool { return strings.HasPrefix(n, "left out because --namespace is "+namespace) })
		if told != (namespace != "") {
			t.Errorf("namespace %q: notes %q", namespace, read.Notes)
		}
	}
}

func TestMissingParts(t *testing.T) {
	read := readText(t, strings.Join([]string{
		strings.Replace(aGroup, "namespace: kube-system}", "namespace: kube-system, annotations: {autoscaler.vpsie.com/max-nodes-override: many}}", 1),
		"{apiVersion: v1, kind: Node, metadata: {name: b, labels: {autoscaler.vpsie.com/nodegroup: gone}}}",
		"{apiVersion: v1, kind: Node, metadata: {name: a, labels: {autoscaler.vpsie.com/nodegroup: web}}, status: {conditions: [{type: Ready, status: 'False'}]}}",
		"{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: m}, spec: {instanceType: small, nodeGroupName: away, datacenterID: dc}}",
		strings.Replace(pod("p"), "spec: {", "spec: {nodeName: z, ", 1), strings.Replace(pod("q"), "spec: {", "spec: {nodeName: y1, ", 1),
		strings.Replace(pod("r"), "spec: {", "spec: {nodeName: m, ", 1),
	}, "\n---\n"))
	want := []string{
		"not among the objects: DaemonSets (new nodes are planned without their pods), Namespaces (only their names are known), PodDisruptionBudgets (nodes are removed as if there were none); plan --help shows how to print all that matters",
		"taken as not ready, for want of a Ready condition: nodes b",
		"taken as nobody's, for want of their NodeGroup: nodes b of gone",
		"taken as nobody's, for want of their NodeGroup: VPSieNodes m of away",
		"pods left out because their nodes are not there: those of y1, z",
		`NodeGroup web: annotation autoscaler.vpsie.com/max-nodes-override: "many" is not a whole number >= 1; 3 stays in force`,
	}
	if diff := cmp.Diff(want, read.Notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestManyFaultsAreCutShort(t *testing.T) {
	var b strings.Builder
	for range 100 {
		b.WriteString("---\n{apiVersion: v1, kind: Pod, metadata: {name: p}}\n")
	}
	_, err := ReadFiles([]string{"-"}, strings.NewReader(b.String()), "")
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != mostFaults+1 || lines[mostFaults] != "and 80 more faults" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}
