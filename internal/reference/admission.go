package reference

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/config"
)

// withAdmission adds the rules of the admission policy for VPSieNodes, which does not
// bind the autoscaler itself.
func withAdmission(rules []Row) ([]Row, error) {
	text, err := fs.ReadFile(config.FS, "admission/vpsienodes.yaml")
	if err != nil {
		return nil, err
	}
	document, _, _ := bytes.Cut(text, []byte("\n---"))
	var policy admissionv1.ValidatingAdmissionPolicy
	if err := yaml.UnmarshalStrict(document, &policy); err != nil {
		return nil, fmt.Errorf("decoding admission/vpsienodes.yaml: %w", err)
	}
	for _, v := range policy.Spec.Validations {
		name, _, _ := strings.Cut(v.Message, "; ")
		rules = append(rules, Row{"VPSieNode rule", name, []string{"`" + v.Expression + "`, except for the autoscaler"}})
	}
	return rules, nil
}
