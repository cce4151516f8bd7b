package cluster

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/randfill"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// filled is an object with something in every field.
func filled[T any](seed int64, object *T) *T {
	fill := randfill.NewWithSeed(seed).NilChance(0).NumElements(2, 3).MaxDepth(12).Funcs(
		func(f *metav1.FieldsV1, _ randfill.Continue) { f.SetRawBytes([]byte("{}")) },
	)
	fill.Fill(object)
	return object
}

// filledPod has besides one volume of each kind, since none has two, and a condition that is kept.
func filledPod(seed int64) *corev1.Pod {
	p := filled(seed, &corev1.Pod{})
	all := p.Spec.Volumes[0]
	p.Spec.Volumes = nil
	sources := reflect.ValueOf(all.VolumeSource)
	for i := range sources.NumField() {
		v := corev1.Volume{Name: fmt.Sprint("v", i)}
		reflect.ValueOf(&v.VolumeSource).Elem().Field(i).Set(sources.Field(i))
		p.Spec.Volumes = append(p.Spec.Volumes, v)
	}
	p.Status.Conditions[0].Type = corev1.PodScheduled
	p.Annotations[corev1.LastAppliedConfigAnnotation] = "{}"
	return p
}

// fieldsIn are the fields of core/v1 types, as "Type.Field", that are not zero anywhere in the value.
func fieldsIn(v reflect.Value, found map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			fieldsIn(v.Elem(), found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fieldsIn(v.Index(i), found)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			fieldsIn(v.MapIndex(key), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !v.Field(i).IsZero() {
				if strings.HasPrefix(v.Type().PkgPath(), "k8s.io/api/") {
					found[v.Type().Name()+"."+f.Name] = true
				}
				fieldsIn(v.Field(i), found)
			}
		}
	}
}

// dropped are the fields that slimming takes from the object.
func dropped(t *testing.T, object any, slim func(any) (any, error)) map[string]bool {
	t.Helper()
	before, after := map[string]bool{}, map[string]bool{}
	fieldsIn(reflect.ValueOf(object), before)
	kept, err := slim(object)
	if err != nil {
		t.Fatal(err)
	}
	if p, is := kept.(*StoredPod); is {
		kept = p.Pod()
	}
	fieldsIn(reflect.ValueOf(kept), after)
	for f := range after {
		delete(before, f)
	}
	return before
}

// reads finds every field of a core/v1 type that a package's code names, with its place.
func reads(t *testing.T, dir string, leaveOut func(file string) bool) map[string]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export", ".")
	list.Dir = dir
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p struct{ ImportPath, Export string }
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	files := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
	info := types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	if _, err := config.Check(dir, files, sources, &info); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for expr, selection := range info.Selections {
		place := files.Position(expr.Pos())
		if selection.Kind() != types.FieldVal || leaveOut(filepath.Base(place.Filename)) {
			continue
		}
		// The type that has the field, behind those that embed it.
		at := selection.Recv()
		for _, i := range selection.Index() {
			if pointer, ok := at.Underlying().(*types.Pointer); ok {
				at = pointer.Elem()
			}
			field := at.Underlying().(*types.Struct).Field(i)
			if named, ok := types.Unalias(at).(*types.Named); ok && named.Obj().Pkg() != nil && strings.HasPrefix(named.Obj().Pkg().Path(), "k8s.io/api/") {
				found[named.Obj().Name()+"."+field.Name()] = fmt.Sprintf("%s:%d", place.Filename, place.Line)
			}
			at = field.Type()
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s reads nothing of pods and nodes: the test proves nothing", dir)
	}
	return found
}

// What is taken from pods and nodes is read nowhere.
func TestSlimmingTakesNothingThatIsRead(t *testing.T) {
	fromPods, fromNodes := dropped(t, filledPod(1), newSlimmer().pod), dropped(t, filled(2, &corev1.Node{}), newSlimmer().node)
	for _, sure := range []string{"Container.Env", "Container.LivenessProbe", "VolumeSource.ConfigMap", "PodStatus.PodIP"} {
		if !fromPods[sure] {
			t.Errorf("%s is kept: it is most of a pod's bulk", sure)
		}
	}
	if !fromNodes["NodeStatus.Images"] {
		t.Error("NodeStatus.Images is kept")
	}
	for dir, leaveOut := range map[string]func(string) bool{
		".":          func(file string) bool { return file == "slim.go" || strings.HasPrefix(file, "files") },
		"../plan":    func(string) bool { return false },
		"../control": func(string) bool { return false },
		"../observe": func(string) bool { return false },
	} {
		for field, place := range reads(t, dir, leaveOut) {
			if fromPods[field] || fromNodes[field] {
				t.Errorf("%s is read at %s, and the cache does not keep it", field, place)
			}
		}
	}
}

// What libraries make of a pod is the same without what is taken.
func TestSlimmingChangesNoPlan(t *testing.T) {
	s := newSlimmer()
	for seed := range int64(300) {
		p := filledPod(seed)
		p.Status.Phase = corev1.PodRunning
		if seed%2 == 0 {
			// As on a node that does what it was asked: real resources are the spec's.
			for i := range p.Spec.Containers {
				c := &p.Spec.Containers[i]
				p.Status.ContainerStatuses[i%len(p.Status.ContainerStatuses)] = corev1.ContainerStatus{
					Name: c.Name, AllocatedResources: c.Resources.Requests, Resources: c.Resources.DeepCopy(),
				}
			}
		}
		slim, err := s.pod(p.DeepCopy())
		if err != nil {
			t.Fatal(err)
		}
		whole, less := plan.NewPod(p), slim.(*StoredPod).planned()
		for name, fact := range facts(whole) {
			if got := facts(less)[name]; got != fact {
				t.Fatalf("seed %d: %s of a pod is\n%s\nand slimmed\n%s", seed, name, fact, got)
			}
		}
	}
}

// facts are all that the planner has worked out of a pod, by name.
func facts(p *plan.Pod) map[string]string {
	v := reflect.ValueOf(p).Elem()
	found := map[string]string{}
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; name {
		case "source", "meta", "spec", "status": // what it was worked out from
		default:
			found[name] = fmt.Sprintf("%+q", fmt.Sprint(v.Field(i)))
		}
	}
	return found
}

func TestPodsOfOneControllerShareTheirTemplate(t *testing.T) {
	s := newSlimmer()
	first := filledPod(1)
	first.OwnerReferences[0].Controller = new(bool)
	*first.OwnerReferences[0].Controller = true
	second, other := first.DeepCopy(), first.DeepCopy()
	second.Name, other.Name = "second", "other"
	other.Labels["own"] = "label"
	later, moved := second.DeepCopy(), first.DeepCopy()
	later.Name, later.Status.Conditions[0].LastTransitionTime = "later", metav1.Now().Rfc3339Copy()
	moved.Name, moved.Spec.NodeName, moved.Spec.Containers[0].Ports = "moved", "elsewhere", nil
	stored := map[string]*StoredPod{}
	for _, p := range []*corev1.Pod{first, second, later, other, moved} {
		whole := p.DeepCopy()
		kept, err := s.pod(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.pod(kept)
		if err != nil || again != kept {
			t.Errorf("stored twice, pod %s is %v (%v), not what it was", p.Name, again, err)
		}
		stored[whole.Name] = kept.(*StoredPod)
		made := kept.(*StoredPod).Pod()
		if made.Name != whole.Name || made.Spec.NodeName != whole.Spec.NodeName || !made.Status.Conditions[0].LastTransitionTime.Equal(&whole.Status.Conditions[0].LastTransitionTime) {
			t.Errorf("of pod %s on %s there is pod %s on %s, scheduled %s", whole.Name, whole.Spec.NodeName, made.Name, made.Spec.NodeName, made.Status.Conditions[0].LastTransitionTime)
		}
	}
	one := stored[first.Name]
	for _, name := range []string{"second", "later"} {
		if alike := stored[name]; alike.spec != one.spec || alike.status != one.status || reflect.ValueOf(alike.Labels).Pointer() != reflect.ValueOf(one.Labels).Pointer() {
			t.Errorf("pod %s of the same ReplicaSet has a spec, status or labels of its own", name)
		}
	}
	if other := stored["other"]; other.spec != one.spec || other.Labels["own"] != "label" || one.Labels["own"] != "" {
		t.Errorf("a pod with labels of its own has %v, its sibling %v, and a spec of its own: %t", other.Labels, one.Labels, other.spec != one.spec)
	}
	if moved := stored["moved"]; moved.spec == one.spec || moved.status != one.status || moved.spec.Containers[0].Ports != nil || one.spec.Containers[0].Ports == nil {
		t.Error("a pod of another spec changed that of its siblings")
	}
}
