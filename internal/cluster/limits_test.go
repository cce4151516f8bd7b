package cluster

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

func TestLimits(t *testing.T) {
	const low, high = v1alpha1.AnnotationMinNodesOverride, v1alpha1.AnnotationMaxNodesOverride
	inForce := func(generation int64, minNodes, maxNodes int32) v1alpha1.NodeGroupStatus {
		return v1alpha1.NodeGroupStatus{ObservedGeneration: generation, MinNodes: &minNodes, MaxNodes: &maxNodes}
	}
	for name, tc := range map[string]struct {
		annotations map[string]string
		status      v1alpha1.NodeGroupStatus
		min, max    int
		problem     string
	}{
		"none":                            {nil, inForce(7, 4, 5), 1, 3, ""},
		"both":                            {map[string]string{low: "2", high: "6"}, inForce(7, 1, 3), 2, 6, ""},
		"a word, first":                   {map[string]string{low: "many"}, v1alpha1.NodeGroupStatus{}, 1, 3, `"many" is not a whole number >= 0; 1 stays in force`},
		"a word after a good one":         {map[string]string{low: "many"}, inForce(7, 2, 3), 2, 3, "2 stays in force"},
		"a word, and the spec changed":    {map[string]string{low: "many"}, inForce(6, 2, 3), 1, 3, "1 stays in force"},
		"below 0":                         {map[string]string{low: "-1"}, inForce(7, 0, 3), 0, 3, low},
		"max of 0":                        {map[string]string{high: "0"}, inForce(7, 1, 9), 1, 9, "9 stays in force"},
		"min above max":                   {map[string]string{low: "5"}, inForce(7, 1, 3), 1, 3, "MinNodes exceeds MaxNodes"},
		"min above max after a good pair": {map[string]string{low: "5", high: "4"}, inForce(7, 2, 4), 2, 4, "2 and 4 stay in force"},
		"a bad one beside a good one":     {map[string]string{low: "x", high: "8"}, inForce(7, 2, 3), 2, 8, low},
	} {
		t.Run(name, func(t *testing.T) {
			g := &v1alpha1.NodeGroup{
				ObjectMeta: metav1.ObjectMeta{Generation: 7, Annotations: tc.annotations},
				Spec:       v1alpha1.NodeGroupSpec{MinNodes: 1, MaxNodes: 3}, Status: tc.status,
			}
			got := LimitsOf(g, time.Time{})
			if got.Min != tc.min || got.Max != tc.max {
				t.Errorf("min %d, max %d; want %d, %d", got.Min, got.Max, tc.min, tc.max)
			}
			if text := strings.Join(got.Problems, "\n"); (text == "") != (tc.problem == "") || !strings.Contains(text, tc.problem) {
				t.Errorf("problems %q, want %q", text, tc.problem)
			}
		})
	}
}
