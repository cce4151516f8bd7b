package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vpsie/vpsie-autoscaler/internal/build"
	"github.com/vpsie/vpsie-autoscaler/internal/check"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

func runCommand() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the controller",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.validate(); err != nil {
				return err
			}
			return f.run(c.Context(), c.ErrOrStderr())
		},
	}
	f.add(c.Flags())
	return c
}

func (f *flags) run(ctx context.Context, stderr io.Writer) error {
	log := f.logTo(stderr)
	collectEarly()
	config, err := f.restConfig()
	if err != nil {
		return err
	}
	journal, stores := observe.NewJournal(), cluster.NewStores()
	mgr, err := f.manager(config, journal, stores)
	if err != nil {
		return err
	}
	clusterID, err := f.cluster(ctx, mgr.GetAPIReader())
	if err != nil {
		return err
	}
	kubernetes, err := cluster.AskVersion(config, clock.RealClock{})
	if err != nil {
		return err
	}
	f.control.KubernetesVersion = kubernetes.String()
	told := observe.NewMetrics(metrics.Registry, build.Version(), vpsie.Operations())
	writer := observe.NewWriter(mgr.GetClient(), log)
	if err := mgr.Add(writer); err != nil {
		return fmt.Errorf("setting up events: %w", err)
	}
	options := f.cloudOptions()
	options.ClusterID, options.Observe = clusterID, told.Request
	deps := control.Deps{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Load:    stores.Objects,
		Pods:    cluster.NewPods(),
		PodsOn:  stores.PodsOn,
		Cloud:   cloud.New(options),
		Voice:   observe.NewVoice(writer),
		Metrics: told,
		Journal: journal,
		Spend:   observe.NewSpend(told),
		Clock:   clock.RealClock{},
		Version: kubernetes.String,
		Options: f.control,
	}
	deps.Inspect = check.Inspector(deps.Client, deps.Cloud, options)
	if err := stores.Fill(ctx, mgr.GetCache()); err != nil {
		return err
	}
	if err := control.Setup(ctx, mgr, deps); err != nil {
		return err
	}
	if err := mgr.Add(manager.RunnableFunc(returnMemory)); err != nil {
		return err
	}
	ctrl.Log.Info("starting", "version", build.Version(), "clusterID", clusterID, "namespace", f.control.Namespace)
	return mgr.Start(ctx)
}

// logTo sends the logs of this program and of its libraries to one place.
func (f *flags) logTo(w io.Writer) *slog.Logger {
	level, _ := f.level()
	log := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
	logger := logr.FromSlogHandler(log.Handler())
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	return log
}

func (f *flags) restConfig() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	config.UserAgent = "vpsie-autoscaler/" + build.Version()
	// The API server's own fairness limits requests; a limit here would only slow drains.
	config.QPS = -1
	config.WarningHandlerWithContext = knownWarnings{next: ctrllog.NewKubeAPIWarningLogger(ctrllog.KubeAPIWarningLoggerOptions{})}
	return config, nil
}

func (f *flags) manager(config *rest.Config, journal *observe.Journal, stores *cluster.Stores) (ctrl.Manager, error) {
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	stopIn := 20 * time.Second
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         stores.CacheOptions(f.control.Namespace, f.control.SecretName),
		LeaderElection:                f.leaderElect,
		LeaderElectionID:              "vpsie-autoscaler",
		LeaderElectionNamespace:       f.control.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &f.lease.duration,
		RenewDeadline:                 &f.lease.renewDeadline,
		RetryPeriod:                   &f.lease.retryPeriod,
		GracefulShutdownTimeout:       &stopIn,
		HealthProbeBindAddress:        f.healthAddress,
		PprofBindAddress:              f.pprofAddress,
		Metrics: server.Options{
			BindAddress:   f.metricsAddress,
			ExtraHandlers: map[string]http.Handler{observe.JournalPath: journal.Handler(clock.RealClock{}, f.control.Plan)},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the manager: %w", err)
	}
	// Neither probe asks VPSie: an API that is down must not restart the controller.
	if err := mgr.AddHealthzCheck("alive", healthz.Ping); err != nil {
		return nil, err
	}
	return mgr, mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache()))
}

// cloudOptions are what the flags say of the account and the way to it.
func (f *flags) cloudOptions() cloud.Options {
	o := f.account
	o.Namespace, o.SecretName = f.control.Namespace, f.control.SecretName
	o.CatalogueTTL, o.Backoff, o.Clock = f.catalogueTTL, f.control.Backoff, clock.RealClock{}
	return o
}

func cachesSynced(c cache.Cache) healthz.Checker {
	return func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the caches have not been filled yet")
		}
		return nil
	}
}

// cluster is the identity that marks this cluster's VPSes.
func (f *flags) cluster(ctx context.Context, r client.Reader) (string, error) {
	if f.clusterID != "" {
		return f.clusterID, nil
	}
	var ns corev1.Namespace
	if err := r.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &ns); err != nil {
		return "", fmt.Errorf("reading namespace kube-system for the cluster's identity (set --cluster-id to do without): %w", err)
	}
	return string(ns.UID), nil
}
