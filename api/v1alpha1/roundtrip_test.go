package v1alpha1_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

var inMemory = flag.Int("roundtrips-in-memory", 3000, "objects that TestEveryVersionKeepsWhatAnotherWrote converts")

// served is a kind in one version: what the API server's own code makes of an object in it.
type served struct {
	version string
	schema  *structuralschema.Structural
}

// kindsServed are the versions of each kind, and the schema to make objects from.
func kindsServed(t *testing.T) (versions map[string][]served, schemas map[string]apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	versions, schemas = map[string][]served{}, map[string]apiextensionsv1.JSONSchemaProps{}
	for plural, kind := range map[string]string{"nodegroups": "NodeGroup", "vpsienodes": "VPSieNode"} {
		for _, v := range definition(t, plural).Spec.Versions {
			var internal apiextensions.JSONSchemaProps
			if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &internal, nil); err != nil {
				t.Fatal(err)
			}
			s, err := structuralschema.NewStructural(&internal)
			if err != nil {
				t.Fatal(err)
			}
			versions[kind] = append(versions[kind], served{v.Name, s})
			schemas[kind] = *v.Schema.OpenAPIV3Schema
		}
	}
	return versions, schemas
}

// through is the object after it has been read in this version: written as JSON, read again, renamed, pruned and defaulted.
func (v served) through(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	text, err := o.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	read.SetAPIVersion(v1alpha1.GroupVersion.Group + "/" + v.version) // conversion strategy None
	pruning.Prune(read.Object, v.schema, true)
	fill(read.Object, v.schema)
	return read
}

// fill adds the defaults of fields that are absent, as the API server does. Its own package for that would need the whole of
// CEL.
func fill(value any, s *structuralschema.Structural) {
	switch x := value.(type) {
	case map[string]any:
		for name := range s.Properties {
			child := s.Properties[name]
			if _, there := x[name]; !there && child.Default.Object != nil {
				x[name] = runtime.DeepCopyJSONValue(child.Default.Object)
			}
			fill(x[name], &child)
		}
		if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
			for _, inner := range x {
				fill(inner, s.AdditionalProperties.Structural)
			}
		}
	case []any:
		for _, item := range x {
			if s.Items != nil {
				fill(item, s.Items)
			}
		}
	}
}

// TestEveryVersionKeepsWhatAnotherWrote takes many more objects than a real API server can be asked for in the same time
// through its own pruning, and defaults: written in one version, stored, read in each. `make roundtrip` takes 100,000.
func TestEveryVersionKeepsWhatAnotherWrote(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-roundtrip-seed=%d", *seed)
	f := fuzzer{rand.New(rand.NewPCG(*seed, 1))}
	versions, schemas := kindsServed(t)
	kinds := slices.Sorted(maps.Keys(schemas))
	for i := range *inMemory {
		kind := kinds[i%len(kinds)]
		all := versions[kind]
		writer, stored := all[f.IntN(len(all))], all[0]
		written := f.object(schemas[kind], kind, writer.version, fmt.Sprintf("fuzz-%d", i))
		kept := stored.through(t, writer.through(t, written))
		for _, reader := range all {
			got := reader.through(t, kept)
			for _, part := range []string{"spec", "status", "metadata"} {
				if diff := cmp.Diff(written.Object[part], got.Object[part]); diff != "" {
					text, _ := json.MarshalIndent(written.Object, "", " ")
					t.Fatalf("%s %d: %s, written as %s, read as %s (-written +read):\n%s\n%s", kind, i, part, writer.version, reader.version, diff, text)
				}
			}
		}
	}
}
