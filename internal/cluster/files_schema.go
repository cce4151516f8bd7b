package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// crdSchema is the schema of one of our CustomResourceDefinitions, with the API
// server's own validator. The definition's CEL rules are not in it: with the
// library for them the program would be a sixth larger for four rules; these are
// in checkNodeGroup.
type crdSchema struct{ validator *validate.SchemaValidator }

func newCRDSchema(plural string) (*crdSchema, error) {
	text, err := v1alpha1.CRDs.ReadFile("crds/" + v1alpha1.GroupVersion.Group + "_" + plural + ".yaml")
	if err != nil {
		return nil, err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema json.RawMessage `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return nil, fmt.Errorf("reading the definition of %s: %w", plural, err)
	}
	if len(crd.Spec.Versions) == 0 {
		return nil, fmt.Errorf("reading the definition of %s: it has no version", plural)
	}
	var s spec.Schema // all versions have the same
	if err := json.Unmarshal(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &s); err != nil {
		return nil, fmt.Errorf("reading the schema of %s: %w", plural, err)
	}
	return &crdSchema{validate.NewSchemaValidator(&s, nil, "", strfmt.Default)}, nil
}

// faults are the rules that an object in JSON breaks, in the API server's words.
func (s *crdSchema) faults(data []byte) []error {
	var object any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &object); err != nil {
		return nil // the decoder says it
	}
	var faults field.ErrorList
	for _, err := range s.validator.Validate(withoutNulls(object)).Errors {
		fault, ok := errors.AsType[*openapierrors.Validation](err)
		switch {
		case !ok || fault.Code() == openapierrors.InvalidTypeCode:
			// A wrong type: the decoder says it.
		case fault.Code() == openapierrors.RequiredFailCode:
			faults = append(faults, field.Required(pathOf(fault), ""))
		default:
			faults = append(faults, field.Invalid(pathOf(fault), fault.Value, fault.Error()))
		}
	}
	// The validator walks maps, in no order.
	slices.SortFunc(faults, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
	return asErrors(faults)
}

func pathOf(fault *openapierrors.Validation) *field.Path {
	return field.NewPath(strings.TrimPrefix(fault.Name, "."))
}

func asErrors(list field.ErrorList) []error {
	errs := make([]error, len(list))
	for i, err := range list {
		errs[i] = err
	}
	return errs
}

// withoutNulls leaves fields out that are null, as kubectl does when it applies.
func withoutNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if inner == nil {
				delete(v, key)
				continue
			}
			v[key] = withoutNulls(inner)
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return value
}
