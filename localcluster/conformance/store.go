package conformance

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	api "k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install" // conversions and defaults
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
)

// stored is the pod as the API server would store it: defaults filled in, label keys
// merged into selectors. A pod that the API server would refuse is an error.
func stored(ctx context.Context, written *corev1.Pod) (*corev1.Pod, error) {
	scheme := legacyscheme.Scheme
	defaulted := written.DeepCopy()
	scheme.Default(defaulted)
	internal := &api.Pod{}
	if err := scheme.Convert(defaulted, internal, nil); err != nil {
		return nil, fmt.Errorf("reading pod %s: %w", written.Name, err)
	}
	podregistry.Strategy.PrepareForCreate(ctx, internal)
	// Neither a bound nor a deleted pod is ever created.
	created := internal.DeepCopy()
	created.DeletionTimestamp, created.DeletionGracePeriodSeconds = nil, nil
	if errs := podregistry.Strategy.Validate(ctx, created); len(errs) > 0 {
		return nil, fmt.Errorf("pod %s is not valid: %w", written.Name, errs.ToAggregate())
	}
	out := &corev1.Pod{}
	if err := scheme.Convert(internal, out, nil); err != nil {
		return nil, fmt.Errorf("writing pod %s: %w", written.Name, err)
	}
	written.Status.DeepCopyInto(&out.Status)
	return out, nil
}
