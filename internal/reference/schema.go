package reference

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// kind is one of the project's, by its CustomResourceDefinition.
type kind struct {
	name, short, about string
	versions           []string
	// schema is the same in all versions.
	schema apiextensionsv1.JSONSchemaProps
}

func kindOf(plural string) (kind, error) {
	text, err := fs.ReadFile(v1alpha1.CRDs, "crds/autoscaler.vpsie.com_"+plural+".yaml")
	if err != nil {
		return kind{}, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		return kind{}, fmt.Errorf("decoding the CustomResourceDefinition of %s: %w", plural, err)
	}
	schema := *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	var versions []string
	for _, v := range crd.Spec.Versions {
		versions = append(versions, v.Name)
	}
	return kind{crd.Spec.Names.Kind, strings.Join(crd.Spec.Names.ShortNames, ", "), schema.Description, versions, schema}, nil
}

// fields lists everything below spec and status.
func (k kind) fields() Table {
	t := Table{Title: "Fields", Head: []string{"field", "type", "default", "what"}}
	for _, part := range []string{"spec", "status"} {
		k.walk(part, k.schema.Properties[part], func(path string, s apiextensionsv1.JSONSchemaProps, required bool) {
			value := ""
			switch {
			case required && strings.HasPrefix(path, "spec"):
				value = "required"
			case s.Default != nil:
				value = "`" + string(s.Default.Raw) + "`"
			}
			t.Rows = append(t.Rows, Row{k.name + " field", path, []string{typeOf(s), value, s.Description + bounds(s)}})
		})
	}
	return t
}

// walk visits the fields below an object, those of lists under name[].
func (k kind) walk(path string, s apiextensionsv1.JSONSchemaProps, visit func(string, apiextensionsv1.JSONSchemaProps, bool)) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		child := s.Properties[name]
		below := path + "." + name
		visit(below, child, slices.Contains(s.Required, name))
		if child.Items != nil && child.Items.Schema != nil {
			k.walk(below+"[]", *child.Items.Schema, visit)
		}
		k.walk(below, child, visit)
	}
}

func typeOf(s apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.Type == "array":
		return "[]" + typeOf(*s.Items.Schema)
	case s.AdditionalProperties != nil:
		return "map[string]" + typeOf(*s.AdditionalProperties.Schema)
	case s.Format == "date-time":
		return "time"
	case s.Format != "":
		return s.Format
	}
	return s.Type
}

func bounds(s apiextensionsv1.JSONSchemaProps) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if s.Minimum != nil {
		add(">= %g", *s.Minimum)
	}
	if s.Maximum != nil {
		add("<= %g", *s.Maximum)
	}
	if s.MinItems != nil {
		add("at least %d", *s.MinItems)
	}
	if s.MaxItems != nil {
		add("at most %d", *s.MaxItems)
	}
	if s.MaxLength != nil {
		add("at most %d characters", *s.MaxLength)
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, strings.Trim(string(v.Raw), `"`))
		}
		add("one of %s", strings.Join(values, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// rules lists what the API server refuses.
func (k kind) rules() Table {
	t := Table{Title: "Validation", Intro: "What the API server refuses.", Head: []string{"rule", "expression"}}
	add := func(name, expression string) {
		t.Rows = append(t.Rows, Row{k.name + " rule", name, []string{expression}})
	}
	cel := func(path string, s apiextensionsv1.JSONSchemaProps) {
		for _, rule := range s.XValidations {
			name := rule.Message
			if where := path + rule.FieldPath; where != "" {
				name = where + ": " + name
			}
			add(name, "`"+rule.Rule+"`")
		}
	}
	cel("", k.schema)
	cel("spec", k.schema.Properties["spec"])
	k.walk("spec", k.schema.Properties["spec"], func(path string, s apiextensionsv1.JSONSchemaProps, required bool) {
		if strings.Contains(path, "[]") {
			return
		}
		if required {
			add(path+" is required", "")
		}
		if s.MinLength != nil {
			add(path+" must not be empty", "")
		}
		if s.MinItems != nil {
			add(fmt.Sprintf("%s must have at least %d entry", path, *s.MinItems), "")
		}
		if s.Minimum != nil {
			add(fmt.Sprintf("%s must be >= %g", path, *s.Minimum), "")
		}
		if s.Maximum != nil {
			add(fmt.Sprintf("%s must be <= %g", path, *s.Maximum), "")
		}
		cel(path, s)
	})
	return t
}
