package plan

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A value that means nothing is told with what holds in its place; a good one is not.
func TestAnnotationsOfOthersThatMeanNothingAreTold(t *testing.T) {
	for key, values := range map[string]map[string]string{
		safeToEvict:             {"true": "", "false": "", "on-completion": "", "no": "as if it were not there"},
		daemonSetPod:            {"true": "", "false": "", "yes": "as if it were not there"},
		enableDaemonSetEviction: {"true": "", "false": "", "yes": "as if it were not there"},
		scaleDownDisabled:       {"true": "", "True": "as if it were not there"},
		scaleUpDelay:            {"30s": "", "5m": "", "30": "nothing is delayed", "soon": "nothing is delayed"},
		doNotDisrupt:            {"true": "", "false": "", "4h": "", "4 hours": "without an end", "-1h": "without an end"},
	} {
		for value, want := range values {
			told := AnnotationProblems(&metav1.ObjectMeta{Annotations: map[string]string{key: value}})
			if text := strings.Join(told, "; "); want == "" && text != "" || want != "" && (!strings.Contains(text, want) || !strings.Contains(text, key)) {
				t.Errorf("%s=%s: told %q, want %q", key, value, text, want)
			}
		}
	}
}
