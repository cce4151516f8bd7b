package control

import (
	"context"
	"errors"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// No part of a replica that does not lead asks the cloud or writes anything. It goes
// to work, with the shipped roles, once the lease is free.
func TestOnlyTheLeaderActs(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	const id = "leader-test"
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: id},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: new("another replica"), LeaseDurationSeconds: new(int32(3600)),
			AcquireTime: &metav1.MicroTime{Time: time.Now()}, RenewTime: &metav1.MicroTime{Time: time.Now()},
		},
	}
	w.must(w.admin.Create(t.Context(), lease))
	t.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), lease) })
	retry := 100 * time.Millisecond
	stores := cluster.NewStores()
	mgr, err := ctrl.NewManager(w.env.As(config.User), ctrl.Options{
		Scheme: w.env.Scheme, Metrics: server.Options{BindAddress: "0"}, RetryPeriod: &retry,
		LeaderElection: true, LeaderElectionID: id, LeaderElectionNamespace: config.Namespace,
		Cache: stores.CacheOptions(config.Namespace, "vpsie-secret"),
	})
	w.must(err)
	d := w.deps
	d.Client, d.Live, d.Pods, d.PodsOn = mgr.GetClient(), mgr.GetAPIReader(), cluster.NewPods(), stores.PodsOn
	d.Options.SweepInterval = 50 * time.Millisecond
	w.must(Setup(t.Context(), mgr, d))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	defer func() {
		stop()
		<-ended
	}()
	if !mgr.GetCache().WaitForCacheSync(t.Context()) {
		t.Fatal("no caches")
	}
	g := w.group("led", 1, 2)
	testenv.Eventually(t, func(ctx context.Context) error { // the replica sees the group, and does nothing
		return d.Client.Get(ctx, client.ObjectKeyFromObject(g), &v1alpha1.NodeGroup{})
	})
	w.reload(g)
	if len(g.Finalizers) > 0 || len(w.vpsieNodes()) > 0 || len(w.fake.Ledger().Requests) > 0 {
		t.Errorf("a replica that does not lead acted: finalizers %v, %d VPSieNodes, %d requests", g.Finalizers, len(w.vpsieNodes()), len(w.fake.Ledger().Requests))
	}
	w.must(w.admin.Delete(t.Context(), lease))
	testenv.Eventually(t, func(context.Context) error {
		if len(w.bills()) != 1 {
			return errors.New("nothing is bought yet")
		}
		return nil
	})
}
