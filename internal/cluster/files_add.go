package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kjson "sigs.k8s.io/json"

	"github.com/vpsie/vpsie-autoscaler/internal/strict"
)

// found is an object as one element of a file gave it.
type found struct {
	// what is where it is and what it is called, as faults begin.
	what            string
	namespace, name string
	// ignored is its kind when no decision needs that.
	ignored string
	kind    kind
	group   schema.GroupKind
	object  client.Object
	verdict
}

// decode reads an element by itself; it only reads the reader.
func (r *reader) decode(e element) found {
	var head struct {
		typeMeta
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(e.data, &head); err != nil {
		return found{what: e.where, verdict: verdict{faults: strict.Mismatches(e.data, &head, err)}}
	}
	if head.Kind == "" && head.APIVersion == "" {
		head.typeMeta = e.list
	}
	f := found{namespace: head.Metadata.Namespace, name: head.Metadata.Name, what: fmt.Sprintf("%s: %s %s", e.where, head.Kind, title(head.Metadata.Namespace, head.Metadata.Name))}
	version, err := schema.ParseGroupVersion(head.APIVersion)
	switch {
	case head.Kind == "":
		f.what, f.faults = e.where, []error{errNoKind}
		return f
	case head.APIVersion == "":
		f.faults = []error{fmt.Errorf("apiVersion: required")}
		return f
	case err != nil:
		f.faults = []error{fmt.Errorf("apiVersion: %w", err)}
		return f
	}
	f.group = schema.GroupKind{Group: version.Group, Kind: head.Kind}
	if f.group.Group == "extensions" && (head.Kind == "Deployment" || head.Kind == "DaemonSet" || head.Kind == "ReplicaSet") {
		f.group.Group, version.Group = "apps", "apps" // where they have moved, so that the version is told
	}
	kind, known := r.kinds[f.group]
	if !known {
		if want := r.meant(f.group); want != "" {
			f.faults = []error{fmt.Errorf("kind: there is no %s in %s; want %s", head.Kind, head.APIVersion, want)}
			return f
		}
		f.ignored = head.Kind + " (" + head.APIVersion + ")"
		return f
	}
	if !slices.Contains(kind.versions, version.Version) {
		newest := kind.versions[len(kind.versions)-1]
		want := schema.GroupVersion{Group: version.Group, Version: newest}
		f.faults = []error{fmt.Errorf("apiVersion: %s is not read; print it as %s, such as with `kubectl get %s.%s.%s -o yaml`",
			head.APIVersion, want, strings.ToLower(head.Kind), newest, version.Group)}
		return f
	}
	f.kind = kind
	f.object, f.verdict = kind.decode(e.data)
	return f
}

// meant is the kind that is read and that somebody meant who wrote its name in other letters, or a group that is no
// API's: those of CustomResourceDefinitions have a dot. It is empty for none.
func (r *reader) meant(wrong schema.GroupKind) string {
	for known, kind := range r.kinds {
		if !strings.EqualFold(known.Kind, wrong.Kind) && !strings.EqualFold(known.Kind+"s", wrong.Kind) {
			continue
		}
		if known.Group == wrong.Group || !strings.Contains(wrong.Group, ".") {
			return fmt.Sprintf("%s of %s", known.Kind, schema.GroupVersion{Group: known.Group, Version: kind.versions[len(kind.versions)-1]})
		}
	}
	return ""
}

func title(namespace, name string) string {
	if name == "" {
		name = "without a name"
	}
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// add keeps what was decoded, unless it is at fault, of no use, or there already.
func (r *reader) add(f found) {
	for _, text := range f.passed {
		text = withoutIndexes(text)
		r.passed[text] = append(r.passed[text], f.what)
	}
	for _, fault := range f.faults {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", f.what, fault))
	}
	switch {
	case f.ignored != "" && f.group.Group == "kustomize.config.k8s.io":
		r.kustomizations = append(r.kustomizations, f.what)
		return
	case f.ignored != "" && (makesPods(f.group.Kind) || makesPods(f.group.Kind+"."+f.group.Group)):
		r.makers = append(r.makers, f.group.Kind+" "+title(f.namespace, f.name))
		return
	case f.ignored != "":
		r.ignored[f.ignored]++
		return
	case f.object == nil || len(f.faults) > 0:
		return
	}
	id := identity{kind: f.group, name: f.object.GetName()}
	switch f.kind.scope {
	case namespaced:
		if f.object.GetNamespace() == "" {
			f.object.SetNamespace("default")
		}
		id.namespace = f.object.GetNamespace()
	case ours:
		if n := f.object.GetNamespace(); r.namespace != "" && n != "" && n != r.namespace {
			r.foreign = append(r.foreign, f.group.Kind+" "+title(n, id.name))
			return
		}
	}
	if before, twice := r.seen[id]; twice {
		if !r.replaced && !equality.Semantic.DeepEqual(before.object, f.object) {
			r.faults = append(r.faults, fmt.Errorf("%s: is there twice, before in %s%s", f.what, before.what, r.whichNamespace(f)))
		}
		return
	}
	r.seen[id] = seen{f.what, f.object}
	f.kind.keep(r, f.object)
}

// whichNamespace is the way out when files hold what several autoscalers serve.
func (r *reader) whichNamespace(f found) string {
	if f.kind.scope != ours || r.namespace != "" {
		return "; their contents differ, leave one of them out"
	}
	return "; where they are in two namespaces, --namespace takes one of them"
}

// errNoKind is of a document that is no object.
var errNoKind = errors.New("kind: required; want a Kubernetes object as `kubectl get -o yaml` prints it")
