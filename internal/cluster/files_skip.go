package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	kjson "sigs.k8s.io/json"
)

// advice says how to make objects of a file that holds something else, by how that
// begins or what is in it; empty when there is no telling.
func advice(data []byte) string {
	switch {
	case bytes.Contains(data, []byte("{{")):
		return "it looks like a template of a Helm chart: pass what `helm template` prints"
	case regexp.MustCompile(`^\s*Name:\s`).Match(data):
		return "it looks like what `kubectl describe` prints: pass what `kubectl get -o yaml` prints"
	case regexp.MustCompile(`^\s*(NAMESPACE\s+)?(NAME|LAST SEEN)\s`).Match(data):
		return "it looks like a table of `kubectl get`: add -o yaml to it"
	}
	return ""
}

// advised adds the advice on a file to its fault.
func advised(err error, data []byte) error {
	if text := advice(data); text != "" {
		return fmt.Errorf("%w; %s", err, text)
	}
	return err
}

// isKustomization says that a document without a kind is a kustomization.
func isKustomization(fields map[string]any) bool {
	for _, name := range []string{"resources", "bases", "components", "namePrefix", "patches", "configMapGenerator"} {
		if _, is := fields[name].([]any); is {
			return true
		}
	}
	return false
}

// errKustomization is of a file that says which objects to make, and is none.
var errKustomization = errors.New("is a kustomization, which is not applied: pass what `kustomize build` prints")

// notAnObject says why a document is no Kubernetes object; nil when it is meant to be
// one. Directories of charts and kustomizations hold such files beside objects.
func notAnObject(data []byte) error {
	// What is no JSON is for the decoder to refuse, which says why.
	if !json.Valid(data) {
		return nil
	}
	var fields map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &fields); err != nil || fields == nil {
		return errors.New("no object")
	}
	switch {
	case fields["kind"] != nil || fields["metadata"] != nil:
		return nil
	case isKustomization(fields):
		return errKustomization
	}
	return errNoKind
}
