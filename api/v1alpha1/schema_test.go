package v1alpha1_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// field is a row of the reference's tables. The reference's int is int64 here.
type field struct {
	kind       string
	required   bool
	defaultsTo string
}

// The tables of the reference, by path. Where the schema has more, that is no fault.
func nodeGroupFields() map[string]field {
	return map[string]field{
		"spec":                       {kind: "object", required: true},
		"spec.minNodes":              {kind: "int32", required: true},
		"spec.maxNodes":              {kind: "int32", required: true},
		"spec.datacenterID":          {kind: "string"},   // required by a rule, unless datacenters is set
		"spec.offeringIDs":           {kind: "[]string"}, // required by a rule, unless offeringSelector is set
		"spec.osImageID":             {kind: "string", required: true},
		"spec.scaleUpPolicy":         {kind: "object", defaultsTo: "{}"},
		"spec.scaleDownPolicy":       {kind: "object", defaultsTo: "{}"},
		"spec.labels":                {kind: "map[string]string", defaultsTo: "{}"},
		"spec.taints":                {kind: "[]object", defaultsTo: "[]"},
		"spec.taints[].key":          {kind: "string", required: true},
		"spec.taints[].value":        {kind: "string"},
		"spec.taints[].effect":       {kind: "string", required: true},
		"spec.taints[].timeAdded":    {kind: "time"},
		"spec.sshKeyIDs":             {kind: "[]string", defaultsTo: "[]"},
		"spec.tags":                  {kind: "[]string", defaultsTo: "[]"},
		"spec.userData":              {kind: "string", defaultsTo: `""`},
		"spec.preferredInstanceType": {kind: "string", defaultsTo: `""`},
		"spec.allowMixedInstances":   {kind: "bool", defaultsTo: "false"},

		"spec.scaleUpPolicy.enabled":                      {kind: "bool", defaultsTo: "true"},
		"spec.scaleUpPolicy.stabilizationWindowSeconds":   {kind: "int32", defaultsTo: "60"},
		"spec.scaleUpPolicy.cpuThreshold":                 {kind: "int32", defaultsTo: "80"},
		"spec.scaleUpPolicy.memoryThreshold":              {kind: "int32", defaultsTo: "80"},
		"spec.scaleDownPolicy.enabled":                    {kind: "bool", defaultsTo: "true"},
		"spec.scaleDownPolicy.stabilizationWindowSeconds": {kind: "int32", defaultsTo: "600"},
		"spec.scaleDownPolicy.cpuThreshold":               {kind: "int32", defaultsTo: "50"},
		"spec.scaleDownPolicy.memoryThreshold":            {kind: "int32", defaultsTo: "50"},
		"spec.scaleDownPolicy.unneededTime":               {kind: "int32", defaultsTo: "600"},

		"status":                                 {kind: "object"},
		"status.currentNodes":                    {kind: "int32"},
		"status.desiredNodes":                    {kind: "int32"},
		"status.readyNodes":                      {kind: "int32"},
		"status.nodes":                           {kind: "[]object"},
		"status.omittedNodes":                    {kind: "int32"},
		"status.nodes[].nodeName":                {kind: "string"},
		"status.nodes[].vpsID":                   {kind: "int64"},
		"status.nodes[].instanceType":            {kind: "string"},
		"status.nodes[].status":                  {kind: "string"},
		"status.nodes[].ipAddress":               {kind: "string"},
		"status.conditions":                      {kind: "[]object"},
		"status.conditions[].type":               {kind: "string", required: true},
		"status.conditions[].status":             {kind: "string", required: true},
		"status.conditions[].lastTransitionTime": {kind: "time", required: true},
		"status.conditions[].reason":             {kind: "string", required: true},
		"status.conditions[].message":            {kind: "string", required: true},
		"status.lastScaleTime":                   {kind: "time"},
	}
}

func vpsieNodeFields() map[string]field {
	return map[string]field{
		"spec": {kind: "object", required: true},
		// Required by the ValidatingAdmissionPolicy, of everyone but the autoscaler.
		"spec.vpsieInstanceID": {kind: "int64"},
		"spec.instanceType":    {kind: "string", required: true},
		"spec.nodeGroupName":   {kind: "string", required: true},
		"spec.datacenterID":    {kind: "string", required: true},
		"spec.nodeName":        {kind: "string"},
		"spec.ipAddress":       {kind: "string"},
		"spec.ipv6Address":     {kind: "string"},

		"status":                                 {kind: "object"},
		"status.phase":                           {kind: "string"},
		"status.nodeName":                        {kind: "string"},
		"status.vpsieStatus":                     {kind: "string"},
		"status.hostname":                        {kind: "string"},
		"status.resources":                       {kind: "object"},
		"status.resources.cpu":                   {kind: "int64"},
		"status.resources.memoryMB":              {kind: "int64"},
		"status.resources.diskGB":                {kind: "int64"},
		"status.resources.bandwidthGB":           {kind: "int64"},
		"status.conditions":                      {kind: "[]object"},
		"status.conditions[].type":               {kind: "string", required: true},
		"status.conditions[].status":             {kind: "string", required: true},
		"status.conditions[].lastTransitionTime": {kind: "time", required: true},
		"status.conditions[].reason":             {kind: "string", required: true},
		"status.conditions[].message":            {kind: "string", required: true},
		"status.createdAt":                       {kind: "time"},
		"status.provisionedAt":                   {kind: "time"},
		"status.joinedAt":                        {kind: "time"},
		"status.readyAt":                         {kind: "time"},
		"status.terminatingAt":                   {kind: "time"},
		"status.lastError":                       {kind: "string"},
		"status.observedGeneration":              {kind: "int64"},
	}
}

func TestSchemaHasTheReferencesFields(t *testing.T) {
	for plural, reference := range map[string]map[string]field{
		"nodegroups": nodeGroupFields(),
		"vpsienodes": vpsieNodeFields(),
	} {
		schema := *definition(t, plural).Spec.Versions[0].Schema.OpenAPIV3Schema
		for path, want := range reference {
			got, ok := lookUp(schema, path)
			if !ok {
				t.Errorf("%s has no %s", plural, path)
			} else if got != want {
				t.Errorf("%s: %s is %+v, want %+v", plural, path, got, want)
			}
		}
	}
}

func definition(t *testing.T, plural string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	text, err := fs.ReadFile(v1alpha1.CRDs, "crds/autoscaler.vpsie.com_"+plural+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		t.Fatal(err)
	}
	return &crd
}

func lookUp(schema apiextensionsv1.JSONSchemaProps, path string) (field, bool) {
	var required bool
	for key := range strings.SplitSeq(path, ".") {
		name, isItem := strings.CutSuffix(key, "[]")
		property, ok := schema.Properties[name]
		if !ok {
			return field{}, false
		}
		required = slices.Contains(schema.Required, name)
		if isItem {
			property = *property.Items.Schema
		}
		schema = property
	}
	found := field{kind: kindOf(schema), required: required}
	if schema.Default != nil {
		found.defaultsTo = string(schema.Default.Raw)
	}
	return found, true
}

func kindOf(schema apiextensionsv1.JSONSchemaProps) string {
	switch {
	case schema.Type == "array":
		return "[]" + kindOf(*schema.Items.Schema)
	case schema.Type == "object" && schema.AdditionalProperties != nil:
		return "map[string]" + kindOf(*schema.AdditionalProperties.Schema)
	case schema.Type == "string" && schema.Format == "date-time":
		return "time"
	case schema.Type == "boolean":
		return "bool"
	case schema.Type == "integer":
		return schema.Format
	}
	return schema.Type
}
