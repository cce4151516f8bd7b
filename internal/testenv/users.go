package testenv

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// As returns the access of another user, by impersonation. A service account's name,
// system:serviceaccount:<namespace>:<name>, brings its groups with it.
func (e *Env) As(user string, groups ...string) *rest.Config {
	as := rest.CopyConfig(e.Config)
	as.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(slices.Clone(groups), groupsOf(user)...)}
	return as
}

func groupsOf(user string) []string {
	groups := []string{"system:authenticated"}
	if account, ok := strings.CutPrefix(user, "system:serviceaccount:"); ok {
		namespace, _, _ := strings.Cut(account, ":")
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	}
	return groups
}

// Client returns a client without a cache for that access; nil is the administrator's.
func (e *Env) Client(t testing.TB, as *rest.Config) client.WithWatch {
	t.Helper()
	if as == nil {
		as = e.Config
	}
	c, err := client.NewWithWatch(as, client.Options{Scheme: e.Scheme})
	if err != nil {
		t.Fatalf("making a client for the test API server: %v", err)
	}
	return c
}
