package cluster

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// WithField is a copy of the NodeGroup with a field of its spec set to a value that is
// written as YAML, such as maxNodes to 30 or scaleDownPolicy.unneededTime to 60. The error
// names the field: it is unknown, of another type, or out of its bounds.
func WithField(g *v1alpha1.NodeGroup, field, value string) (*v1alpha1.NodeGroup, error) {
	known, err := kinds()
	if err != nil {
		return nil, err
	}
	stored := g.DeepCopy()
	// A hand-written object is tested without mercy; a stored one only draws notes.
	stored.UID, stored.ResourceVersion = "", ""
	stored.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("NodeGroup"))
	data, err := json.Marshal(stored)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	var parsed any
	if err := yaml.Unmarshal([]byte(value), &parsed); err != nil {
		return nil, fmt.Errorf("spec.%s: %q is no YAML value: %w", field, value, err)
	}
	path := append([]string{"spec"}, strings.Split(field, ".")...)
	if err := unstructured.SetNestedField(object, parsed, path...); err != nil {
		return nil, fmt.Errorf("spec.%s: %w", field, err)
	}
	if data, err = json.Marshal(object); err != nil {
		return nil, err
	}
	decoded, v := known[schema.GroupKind{Group: v1alpha1.GroupVersion.Group, Kind: "NodeGroup"}].decode(data)
	if len(v.faults) > 0 {
		return nil, joinSome(v.faults)
	}
	changed := decoded.(*v1alpha1.NodeGroup)
	changed.UID, changed.ResourceVersion = g.UID, g.ResourceVersion
	return changed, nil
}
