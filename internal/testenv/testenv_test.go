package testenv_test

import (
	"context"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }

func TestKubectlTalksToTheEnvironment(t *testing.T) {
	env.Kubectl(t, "create", "namespace", "seen-by-kubectl")
	if err := env.Client(t, nil).Get(t.Context(), client.ObjectKey{Name: "seen-by-kubectl"}, &corev1.Namespace{}); err != nil {
		t.Error(err)
	}
}

func TestAppliedManifestsRuleImpersonatedUsers(t *testing.T) {
	env.Apply(t, config.FS, "rbac/*.yaml")
	autoscaler := env.Client(t, env.As(config.User))
	testenv.Eventually(t, func(ctx context.Context) error {
		return autoscaler.List(ctx, &v1alpha1.NodeGroupList{}, client.InNamespace(config.Namespace))
	})
	err := env.Client(t, env.As("somebody")).List(t.Context(), &v1alpha1.NodeGroupList{})
	if err == nil || !strings.Contains(err.Error(), `User "somebody" cannot list`) {
		t.Errorf("listing NodeGroups as somebody: %v, want a refusal that names the user", err)
	}
}
