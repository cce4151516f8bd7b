// Command crdversions gives the CustomResourceDefinitions that controller-gen wrote for
// v1alpha1 their other versions. All versions have one schema, so they are copies: a field
// of one version is a field of all, and the API server converts by changing the name alone.
//
//	crdversions FILE…
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

func main() {
	var errs []error
	for _, path := range os.Args[1:] {
		errs = append(errs, rewrite(path))
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "crdversions:", err)
		os.Exit(1)
	}
}

// rewrite adds the versions to the definition in a file.
func rewrite(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	stored, newest := v1alpha1.GroupVersion.Version, slices.Max(v1alpha1.Versions())
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		return fmt.Errorf("decoding %s: %w", path, err)
	}
	if n := len(crd.Spec.Versions); n != 1 || crd.Spec.Versions[0].Name != stored {
		return fmt.Errorf("%s has %d versions; want %s alone, as controller-gen writes it", path, n, stored)
	}
	first := crd.Spec.Versions[0]
	crd.Spec.Versions = nil
	for _, name := range v1alpha1.Versions() {
		v := *first.DeepCopy()
		v.Name, v.Served, v.Storage = name, true, name == stored
		if slices.Contains(v1alpha1.DeprecatedVersions(), name) {
			v.Deprecated = true
			v.DeprecationWarning = new(fmt.Sprintf("%s/%s %s is deprecated; use %s/%s, which has the same fields",
				crd.Spec.Group, name, crd.Spec.Names.Kind, crd.Spec.Group, newest))
		}
		crd.Spec.Versions = append(crd.Spec.Versions, v)
	}
	crd.Spec.Conversion = &apiextensionsv1.CustomResourceConversion{Strategy: apiextensionsv1.NoneConverter}
	out, err := marshal(&crd)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	return os.WriteFile(path, out, 0o644)
}

// marshal leaves out what only the API server writes, as controller-gen does.
func marshal(crd *apiextensionsv1.CustomResourceDefinition) ([]byte, error) {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(crd)
	if err != nil {
		return nil, err
	}
	delete(object, "status")
	if metadata, ok := object["metadata"].(map[string]any); ok {
		delete(metadata, "creationTimestamp")
	}
	text, err := yaml.Marshal(object)
	return append([]byte("---\n"), text...), err
}
