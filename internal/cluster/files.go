package cluster

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/strict"
)

// Files is what was read from files.
type Files struct {
	*Objects
	// Notes say, a line each, what was left out and what was taken for granted.
	Notes []string
}

// ReadFiles reads Kubernetes objects as `kubectl get -o yaml` prints them: YAML or
// JSON, several documents in a file, Lists. A path is a file, a directory (with all
// below it), or "-" for stdin. Objects that did not pass through an API server get
// its defaults. NodeGroups and VPSieNodes of other namespaces than the given one
// are left out; empty takes all. The error names file, object and field of every
// fault.
func ReadFiles(paths []string, stdin io.Reader, namespace string) (*Files, error) {
	known, err := kinds()
	if err != nil {
		return nil, err
	}
	return newReader(known, namespace).readAll(paths, stdin)
}

func newReader(known map[schema.GroupKind]kind, namespace string) *reader {
	return &reader{namespace: namespace, kinds: known, seen: map[identity]seen{}, passed: map[string][]string{}, ignored: map[string]int{}, replicasLeft: mostReplicas}
}

func (r *reader) readAll(paths []string, stdin io.Reader) (*Files, error) {
	if err := r.readPaths(paths, stdin); err != nil {
		return nil, err
	}
	return r.finish()
}

func (r *reader) readPaths(paths []string, stdin io.Reader) error {
	files, skipped, err := expand(paths)
	if err != nil {
		return err
	}
	r.skipped = append(r.skipped, skipped...)
	for _, file := range files {
		data, err := readFile(file.name, stdin)
		if err != nil {
			return err
		}
		r.read(cmp.Or(strings.TrimPrefix(file.name, "-"), "stdin"), data, file.listed)
	}
	return nil
}

// finish adds what the files leave to an API server and to controllers.
func (r *reader) finish() (*Files, error) {
	if len(r.seen)+len(r.ignored)+len(r.faults)+len(r.makers)+len(r.foreign) == 0 && len(r.empty)+len(r.kustomizations) > 0 {
		r.faults = append(r.faults, fmt.Errorf("%s: no Kubernetes object in them", some(append(r.empty, r.kustomizations...))))
	}
	r.scale()
	r.addMissingPods()
	r.applyDefaults()
	if len(r.faults) > 0 {
		return nil, joinSome(r.faults)
	}
	r.objects.Deployments = append(r.objects.Deployments, r.work.deployments...)
	aside := r.objects.setAside()
	return &Files{Objects: &r.objects, Notes: append(r.notes(), aside...)}, nil
}

// reader gathers the objects of all files.
type reader struct {
	namespace string
	kinds     map[schema.GroupKind]kind
	objects   Objects
	// seen says where each object was found.
	seen map[identity]seen
	// passed are notes on objects, and the objects.
	passed         map[string][]string
	work           workloads
	limitRanges    []*corev1.LimitRange
	runtimeClasses []*nodev1.RuntimeClass
	// replicasLeft is how many pods may still be added for workloads; made says which
	// were, bare which workloads have no containers.
	replicasLeft int
	made, bare   []string
	// makers are objects that make pods in a way that is not known.
	makers []string
	// skipped, empty and kustomizations are files that hold no objects.
	skipped, empty, kustomizations []string
	// ignored counts the objects of kinds that no decision needs.
	ignored map[string]int
	// foreign are the objects of namespaces that are not served.
	foreign []string
	faults  []error
	// replaced: objects that were seen before are in place of those that are read now.
	replaced bool
	// replicas are the numbers of pods that workloads shall have.
	replicas map[Workload]int32
}

type seen struct {
	what   string
	object client.Object
}

type identity struct {
	kind            schema.GroupKind
	namespace, name string
}

// read reads one file. In a file that a directory listed, what is no object is skipped.
func (r *reader) read(file string, data []byte, listed bool) {
	docs := strict.Documents(file, data)
	switch {
	case len(docs) == 0 && listed:
		r.empty = append(r.empty, file)
		return
	case len(docs) == 0:
		r.faults = append(r.faults, fmt.Errorf("%s: holds no object; was it written to the end?", file))
		return
	}
	var all []element
	for _, doc := range docs {
		converted, err := doc.JSON()
		if err == nil {
			what := notAnObject(converted)
			switch {
			case what != nil && listed && errors.Is(what, errKustomization):
				r.kustomizations = append(r.kustomizations, doc.Name)
				continue
			case what != nil && listed:
				r.empty = append(r.empty, doc.Name)
				continue
			case errors.Is(what, errKustomization):
				err = fmt.Errorf("%s: %w", doc.Name, what)
			case errors.Is(what, errNoKind):
				err = fmt.Errorf("%s: %w", doc.Name, what)
			default:
				all, err = elements(all, doc.Name, converted, typeMeta{})
			}
		}
		if err != nil {
			r.faults = append(r.faults, advised(err, data))
		}
	}
	r.decodeAll(all)
}

// decodeAll decodes side by side, and keeps in order.
func (r *reader) decodeAll(all []element) {
	decoded := make([]found, len(all))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	const batch = 64
	for start := 0; start < len(all); start += batch {
		work.Go(func() error {
			for i := start; i < min(start+batch, len(all)); i++ {
				decoded[i] = r.decode(all[i])
			}
			return nil
		})
	}
	_ = work.Wait() // the faults are with the objects
	for _, f := range decoded {
		r.add(f)
	}
}

// element is one object, still in JSON.
type element struct {
	// where is the file, the document's number and the place in its List.
	where string
	data  []byte
	// list is what a typed list says of its items, which then do not say it.
	list typeMeta
}

type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// listHead is a List, or a typed one such as PodList.
type listHead struct {
	typeMeta
	Metadata map[string]any    `json:"metadata"`
	Items    []json.RawMessage `json:"items"`
}

// elements appends the document's object, or those of the List that it is.
func elements(all []element, where string, data []byte, list typeMeta) ([]element, error) {
	if err := strict.WantObject(data); err != nil {
		return all, fmt.Errorf("%s: %w", where, err)
	}
	var head listHead
	faults := strict.Decode(data, &head)
	if head.Kind != "List" && (head.Items == nil || !strings.HasSuffix(head.Kind, "List")) {
		// An object by itself, whose faults its own decoder tells.
		return append(all, element{where, data, list}), nil
	}
	if len(faults) > 0 {
		return all, fmt.Errorf("%s: %s: %w", where, head.Kind, errors.Join(faults...))
	}
	if head.Kind != "List" {
		list = typeMeta{head.APIVersion, strings.TrimSuffix(head.Kind, "List")}
	}
	separator := ": "
	if strings.Contains(where, ": document ") {
		separator = ", "
	}
	for i, item := range head.Items {
		var err error
		if all, err = elements(all, fmt.Sprintf("%s%sitem %d", where, separator, i+1), item, list); err != nil {
			return all, err
		}
	}
	return all, nil
}

// readFile reads a file; "-" is stdin.
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name)
	}
	data, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("reading stdin: %w", err)
	}
	return data, nil
}

// mostFaults is how many faults are told at once.
const mostFaults = 20

func joinSome(faults []error) error {
	if more := len(faults) - mostFaults; more > 0 {
		faults = append(slices.Clone(faults[:mostFaults]), fmt.Errorf("and %d more faults", more))
	}
	return errors.Join(faults...)
}
