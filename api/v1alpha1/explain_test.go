package v1alpha1_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// `kubectl explain` has a sentence for every field, which does not only repeat the field's name.
func TestEveryFieldIsExplained(t *testing.T) {
	for _, plural := range []string{"nodegroups", "vpsienodes"} {
		schema := definition(t, plural).Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, part := range []string{"spec", "status"} {
			for _, fault := range unexplained(schema.Properties[part], part) {
				t.Errorf("%s: %s", plural, fault)
			}
		}
	}
}

// unexplained names the fields below the path that have no sentence.
func unexplained(s apiextensionsv1.JSONSchemaProps, path string) []string {
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		child, at := s.Properties[name], path+"."+name
		text := strings.TrimSpace(child.Description)
		switch {
		case text == "":
			faults = append(faults, at+" has no description")
		case !strings.Contains(text, " ") || !strings.ContainsAny(text[len(text)-1:], ".:;)\"") && !strings.Contains(at, "aints") && !strings.Contains(at, "conditions"):
			faults = append(faults, fmt.Sprintf("%s is described by %q, which is no sentence", at, text))
		}
		faults = append(faults, unexplained(child, at)...)
	}
	if s.Items != nil && s.Items.Schema != nil {
		faults = append(faults, unexplained(*s.Items.Schema, path+"[]")...)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		faults = append(faults, unexplained(*s.AdditionalProperties.Schema, path+"{}")...)
	}
	return faults
}
