package testenv

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// Apply applies the manifests that the patterns name, as in
//
//	env.Apply(t, config.FS, "rbac/*.yaml", "admission/*.yaml")
//
// in the order of patterns and names, server-side. Kustomization files are left out. The API server
// enforces an admission policy a moment after it has taken it: wait with Eventually.
func (e *Env) Apply(t testing.TB, manifests fs.FS, patterns ...string) {
	t.Helper()
	c := e.Client(t, nil)
	for _, pattern := range patterns {
		paths, err := fs.Glob(manifests, pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("applying %q: no such file (%v)", pattern, err)
		}
		for _, path := range paths {
			if err := applyFile(t.Context(), c, manifests, path); err != nil {
				t.Fatalf("applying %q: %v", path, err)
			}
		}
	}
}

func applyFile(ctx context.Context, c client.Client, manifests fs.FS, path string) error {
	text, err := fs.ReadFile(manifests, path)
	if err != nil {
		return err
	}
	objects, err := Objects(text)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.GetKind() == "Kustomization" {
			continue
		}
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("testenv"), client.ForceOwnership); err != nil {
			return fmt.Errorf("%s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// Objects decodes the objects of a YAML stream.
func Objects(text []byte) ([]*unstructured.Unstructured, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var objects []*unstructured.Unstructured
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a YAML stream: %w", err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("decoding a YAML document: %w", err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}
