package config_test

import (
	"context"
	"fmt"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

// right is what a user may do to one resource; an empty namespace means all of them.
type right struct{ verb, group, resource, subresource, namespace, name string }

func may(ctx context.Context, t *testing.T, r right) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:   config.User,
		Groups: []string{"system:authenticated", "system:serviceaccounts", "system:serviceaccounts:" + config.Namespace},
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: r.verb, Group: r.group, Resource: r.resource, Subresource: r.subresource, Namespace: r.namespace, Name: r.name,
		},
	}}
	if err := env.Client(t, nil).Create(ctx, review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

func TestAutoscalerHasTheRightsItNeeds(t *testing.T) {
	install(t)
	var needed []right
	all := func(group, resource, subresource, namespace string, verbs ...string) {
		for _, verb := range verbs {
			needed = append(needed, right{verb, group, resource, subresource, namespace, ""})
		}
	}
	for _, read := range []struct{ group, resource string }{
		{"", "nodes"}, {"", "pods"}, {"", "namespaces"}, {"", "persistentvolumes"}, {"", "persistentvolumeclaims"},
		{"apps", "daemonsets"}, {"apps", "deployments"}, {"apps", "replicasets"}, {"apps", "statefulsets"}, {"policy", "poddisruptionbudgets"},
		{"scheduling.k8s.io", "priorityclasses"}, {"storage.k8s.io", "storageclasses"}, {"storage.k8s.io", "csinodes"},
		{"storage.k8s.io", "csidrivers"}, {"storage.k8s.io", "csistoragecapacities"}, {"storage.k8s.io", "volumeattachments"},
	} {
		all(read.group, read.resource, "", "", "get", "list", "watch")
	}
	all("", "nodes", "", "", "patch", "update", "delete")
	all("", "pods", "eviction", "", "create")
	all("", "pods", "", "", "delete")
	all("apps", "deployments", "", "", "patch")
	all("", "events", "", "", "create", "patch")
	all("events.k8s.io", "events", "", "", "create", "patch")
	all("autoscaler.vpsie.com", "nodegroups", "", "kube-system", "get", "list", "watch", "patch", "update")
	all("autoscaler.vpsie.com", "nodegroups", "status", "kube-system", "patch", "update")
	all("autoscaler.vpsie.com", "nodegroups", "finalizers", "kube-system", "update")
	all("autoscaler.vpsie.com", "vpsienodes", "", "kube-system", "get", "list", "watch", "create", "patch", "update", "delete")
	all("autoscaler.vpsie.com", "vpsienodes", "status", "kube-system", "patch", "update")
	all("autoscaler.vpsie.com", "vpsienodes", "finalizers", "kube-system", "update")
	all("coordination.k8s.io", "leases", "", "kube-system", "get", "create", "update")
	all("", "secrets", "", "kube-system", "create", "delete")
	for _, verb := range []string{"get", "list", "watch"} {
		needed = append(needed, right{verb, "", "secrets", "", "kube-system", "vpsie-secret"})
	}
	needed = append(needed, right{"get", "", "configmaps", "", "kube-public", "cluster-info"}, right{"create", "", "configmaps", "", "kube-system", ""})
	for _, name := range []string{"vpsie-autoscaler-spend", "vpsie-autoscaler-journal"} {
		needed = append(needed, right{"get", "", "configmaps", "", "kube-system", name}, right{"update", "", "configmaps", "", "kube-system", name})
	}
	testenv.Eventually(t, func(ctx context.Context) error {
		for _, r := range needed {
			if !may(ctx, t, r) {
				return fmt.Errorf("the autoscaler may not %+v", r)
			}
		}
		return nil
	})
}

func TestAutoscalerHasNoFurtherRights(t *testing.T) {
	install(t)
	testenv.Eventually(t, func(ctx context.Context) error {
		if !may(ctx, t, right{"list", "", "pods", "", "", ""}) {
			return fmt.Errorf("the roles are not in force yet")
		}
		return nil
	})
	for _, r := range []right{
		{"deletecollection", "", "pods", "", "kube-system", ""},
		{"update", "", "pods", "", "kube-system", ""},
		{"create", "", "pods", "", "kube-system", ""},
		{"create", "", "nodes", "", "", ""},
		{"create", "apps", "deployments", "", "", ""},
		{"delete", "apps", "deployments", "", "", ""},
		{"update", "apps", "deployments", "", "", ""},
		{"deletecollection", "", "nodes", "", "", ""},
		{"get", "", "secrets", "", "kube-system", "another"},
		{"list", "", "secrets", "", "kube-system", ""},
		{"get", "", "secrets", "", "default", "vpsie-secret"},
		{"create", "", "secrets", "", "default", ""},
		{"list", "autoscaler.vpsie.com", "nodegroups", "", "default", ""},
		{"create", "autoscaler.vpsie.com", "nodegroups", "", "kube-system", ""},
		{"delete", "autoscaler.vpsie.com", "nodegroups", "", "kube-system", ""},
		{"get", "", "configmaps", "", "kube-system", "cluster-info"},
		{"update", "", "configmaps", "", "kube-system", "coredns"},
		{"delete", "", "configmaps", "", "kube-system", "vpsie-autoscaler-spend"},
		{"create", "", "configmaps", "", "default", ""},
		{"update", "rbac.authorization.k8s.io", "clusterroles", "", "", ""},
	} {
		if may(t.Context(), t, r) {
			t.Errorf("the autoscaler may %+v", r)
		}
	}
}
