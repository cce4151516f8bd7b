package testenv

import (
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// newerFields are fields of a NodeGroup's spec that came with the versions after v1alpha1.
func newerFields() []string {
	return []string{
		"offeringSelector", "priority", "nodeSelector", "nodeSelectorPolicy", "startupTaints", "limits", "disruption", "kubelet", "networkConfig", "schedules",
	}
}

// OlderDefinitions are the CustomResourceDefinitions, by their files' names and as YAML, as a release has them that serves
// v1alpha1 alone and lacks the fields that came later.
func OlderDefinitions() (map[string][]byte, error) {
	crds, err := customResourceDefinitions()
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, crd := range crds {
		age(crd)
		file := crd.Spec.Group + "_" + crd.Spec.Names.Plural + ".yaml"
		if all[file], err = yaml.Marshal(crd); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func age(crd *apiextensionsv1.CustomResourceDefinition) {
	crd.Spec.Versions = crd.Spec.Versions[:1]
	v := &crd.Spec.Versions[0]
	v.Deprecated, v.DeprecationWarning = false, nil
	spec := v.Schema.OpenAPIV3Schema.Properties["spec"]
	for _, name := range newerFields() {
		delete(spec.Properties, name)
	}
	spec.XValidations = slices.DeleteFunc(spec.XValidations, func(r apiextensionsv1.ValidationRule) bool {
		return slices.ContainsFunc(newerFields(), func(name string) bool { return strings.Contains(r.Rule, name) })
	})
	v.Schema.OpenAPIV3Schema.Properties["spec"] = spec
}
