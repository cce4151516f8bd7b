package v1alpha1_test

import (
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

func TestInstanceIDIsRequiredOfPeople(t *testing.T) {
	env.Apply(t, config.FS, "admission/*.yaml")
	create := func(ctx context.Context, c client.Client, change fields) error {
		node := example(t, "vpsienode.yaml", "admitted")
		change.apply(t, node)
		return c.Create(ctx, node, client.DryRunAll)
	}
	person := env.Client(t, env.As("jane", "system:masters"))
	without := fields{"spec.vpsieInstanceID": absent}
	var refusal error
	testenv.Eventually(t, func(ctx context.Context) error {
		if refusal = create(ctx, person, without); refusal == nil {
			return errors.New("a person's VPSieNode without an id is accepted")
		}
		return nil
	})
	checkRefusal(t, refusal, "spec.vpsieInstanceID: Required value", "existing VPS", "minNodes of a NodeGroup")
	if !apierrors.IsInvalid(refusal) {
		t.Errorf("the refusal is %v, want Invalid", apierrors.ReasonForError(refusal))
	}
	checkRefusal(t, create(t.Context(), person, nil))
	checkRefusal(t, create(t.Context(), autoscaler(t), without))
	other := env.Client(t, env.As("system:serviceaccount:default:vpsie-autoscaler", "system:masters"))
	checkRefusal(t, create(t.Context(), other, without), "spec.vpsieInstanceID")
}
