package plan

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AnnotationProblems says which annotations of other autoscalers on a pod or Node have a
// value that means nothing: which, its value, and what holds in its place.
func AnnotationProblems(o metav1.Object) []string {
	var problems []string
	for _, a := range []struct {
		key, want, holds string
		good             func(string) bool
	}{
		{safeToEvict, "true, false or on-completion", "it is as if it were not there", oneOf("true", "false", "on-completion")},
		{daemonSetPod, "true or false", "it is as if it were not there", oneOf("true", "false")},
		{enableDaemonSetEviction, "true or false", "it is as if it were not there", oneOf("true", "false")},
		{scaleDownDisabled, "true or false", "it is as if it were not there", oneOf("true", "false")},
		{scaleUpDelay, "a duration such as 30s", "nothing is delayed", isDuration},
		{doNotDisrupt, "true, false or a positive duration such as 4h", "it protects without an end", func(v string) bool {
			d, err := time.ParseDuration(v)
			return err == nil && d > 0 || oneOf("true", "false")(v)
		}},
	} {
		if value := o.GetAnnotations()[a.key]; value != "" && !a.good(value) {
			problems = append(problems, fmt.Sprintf("annotation %s: %q is not %s; %s", a.key, value, a.want, a.holds))
		}
	}
	return problems
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

func isDuration(v string) bool {
	_, err := time.ParseDuration(v)
	return err == nil
}
