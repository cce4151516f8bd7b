package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

// flags are the controller's settings.
type flags struct {
	kubeconfig     string
	leaderElect    bool
	lease          lease
	metricsAddress string
	healthAddress  string
	pprofAddress   string
	logLevel       string
	clusterID      string
	catalogueTTL   time.Duration
	account        cloud.Options
	control        control.Options
}

// add declares the settings of the controller.
func (f *flags) add(s *pflag.FlagSet) {
	f.addCluster(s)
	dryrun.AddPlanningFlags(s, &f.control.Plan)
	dryrun.AddBuyingFlags(s, &f.control)
	dryrun.AddAccountFlags(s, &f.account)
	f.addController(s)
}

// addCluster declares where the cluster is, and what of it is the autoscaler's.
func (f *flags) addCluster(s *pflag.FlagSet) {
	s.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file; empty takes $KUBECONFIG, the service account in a pod, or ~/.kube/config")
	s.StringVar(&f.control.Namespace, "namespace", "kube-system", "namespace of the NodeGroups, VPSieNodes and the Secret")
	s.StringVar(&f.control.SecretName, "secret", "vpsie-secret", "Secret with the VPSie account")
}

// addController declares what only a running controller has.
func (f *flags) addController(s *pflag.FlagSet) {
	s.BoolVar(&f.leaderElect, "leader-elect", true, "let only one replica act")
	s.DurationVar(&f.lease.duration, "leader-elect-lease-duration", 15*time.Second, "after how long without a renewal of the lease another replica takes over")
	s.DurationVar(&f.lease.renewDeadline, "leader-elect-renew-deadline", 10*time.Second, "how long the leader tries to renew the lease before it stops acting")
	s.DurationVar(&f.lease.retryPeriod, "leader-elect-retry-period", 2*time.Second, "pause between two attempts to take or to renew the lease")
	s.StringVar(&f.metricsAddress, "metrics-bind-address", ":8080", "address of /metrics; 0 is off")
	s.StringVar(&f.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 is off")
	s.StringVar(&f.pprofAddress, "pprof-bind-address", "0", "address of Go's profiles at /debug/pprof, such as 127.0.0.1:6060; 0 is off")
	s.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	s.DurationVar(&f.catalogueTTL, "vpsie-catalogue-ttl", 10*time.Minute, "how long prices and plans are taken as current")
	s.StringVar(&f.clusterID, "cluster-id", "", "marks this cluster's VPSes; empty takes the UID of the namespace kube-system")

	c := &f.control
	s.DurationVar(&c.Debounce, "debounce", 50*time.Millisecond, "how long a decision waits for more changes after the first")
	s.DurationVar(&c.ProvisionTimeout, "provision-timeout", 20*time.Minute, "how long a VPS may take until it runs")
	s.DurationVar(&c.JoinTimeout, "join-timeout", 15*time.Minute, "how long a running VPS may take until its node is ready")
	s.DurationVar(&c.KeepFailed, "keep-failed", 0, "how long a VPS that did not join stays, paid for and within maxNodes, so that its log can be read")
	s.DurationVar(&c.DrainTimeout, "drain-timeout", 10*time.Minute, "how long a drain may take; overridden by the annotation "+v1alpha1.AnnotationDrainTimeout)
	s.DurationVar(&c.DrainRetry, "drain-retry", 5*time.Minute, "pause after a drain that failed")
	s.DurationVar(&c.DeletionDelay, "node-deletion-delay-timeout", 2*time.Minute, "how long annotations delay-deletion.cluster-autoscaler.kubernetes.io/… of a drained node keep its VPS; 0 lets them keep none")
	s.DurationVar(&c.UnreadyTimeout, "unready-timeout", 10*time.Minute, "how long a node may be not ready before its VPS is replaced")
	s.DurationVar(&c.RestartTimeout, "restart-timeout", 5*time.Minute, "how long a node may take to be ready again after its VPS was restarted, which is tried once a day before the VPS is replaced; 0 replaces without a restart")
	s.IntVar(&c.RepairLimit, "repair-limit", 20, "percent of a NodeGroup that may be under repair at once, one machine at least; 0 is off")
	s.DurationVar(&c.CreateSettle, "create-settle", 30*time.Second, "how long an order of unknown outcome may stay unseen at VPSie before it is placed again")
	s.DurationVar(&c.Backoff.First, "backoff", time.Minute, "initial backoff of an instance type that VPSie refuses, or of a NodeGroup whose machines do not arrive; doubles up to --backoff-limit")
	s.DurationVar(&c.Backoff.Last, "backoff-limit", 30*time.Minute, "longest backoff")
	s.DurationVar(&c.PollInterval, "poll-interval", 2*time.Second, "shortest pause between two looks at VPSie for the same machine")
	s.DurationVar(&c.SweepInterval, "sweep-interval", time.Minute, "pause between two comparisons of the VPSie account with the cluster")
	s.DurationVar(&c.SweepGrace, "sweep-grace", 5*time.Minute, "how long a VPS of this cluster may be without its VPSieNode")
	s.StringVar((*string)(&c.ProviderIDFormat), "provider-id-format", "{identifier}", "spec.providerID of nodes that join without one; the vendor's cloud-controller-manager needs the bare {identifier}, others may want vpsie://{identifier} or vpsie://{datacenter}/{identifier}; empty writes none")
}

// validate refuses settings that cannot work, naming the flag.
func (f *flags) validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{
		"provision-timeout": f.control.ProvisionTimeout, "join-timeout": f.control.JoinTimeout,
		"unready-timeout": f.control.UnreadyTimeout,
		"drain-timeout":   f.control.DrainTimeout, "drain-retry": f.control.DrainRetry,
		"poll-interval": f.control.PollInterval, "sweep-interval": f.control.SweepInterval,
		"backoff": f.control.Backoff.First, "backoff-limit": f.control.Backoff.Last,
		"create-settle": f.control.CreateSettle, "vpsie-request-timeout": f.account.Timeout,
		"vpsie-catalogue-ttl": f.catalogueTTL,
	} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("--%s: %s is not > 0", name, d))
		}
	}
	if f.account.RequestsPerMinute <= 0 {
		errs = append(errs, fmt.Errorf("--vpsie-requests-per-minute: %g is not > 0", f.account.RequestsPerMinute))
	}
	if d := f.control.KeepFailed; d < 0 {
		errs = append(errs, fmt.Errorf("--keep-failed: %s is less than 0", d))
	}
	if d := f.control.DeletionDelay; d < 0 {
		errs = append(errs, fmt.Errorf("--node-deletion-delay-timeout: %s is below 0", d))
	}
	if t := f.control.RestartTimeout; t < 0 {
		errs = append(errs, fmt.Errorf("--restart-timeout: %s is below 0", t))
	}
	if err := f.control.ProviderIDFormat.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("--provider-id-format: %w", err))
	}
	if l := f.control.RepairLimit; l < 0 || l > 100 {
		errs = append(errs, fmt.Errorf("--repair-limit: %d is not between 0 and 100", l))
	}
	if err := f.lease.validate(); err != nil {
		errs = append(errs, err)
	}
	if _, err := f.level(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, f.control.ValidateBuying())
	return errors.Join(errs...)
}

// lease says how leadership passes from a replica that has died to another.
type lease struct{ duration, renewDeadline, retryPeriod time.Duration }

// validate holds the order without which two replicas could lead at once, or none.
func (l lease) validate() error {
	if l.retryPeriod <= 0 {
		return fmt.Errorf("--leader-elect-retry-period: %s is not > 0", l.retryPeriod)
	}
	if l.renewDeadline < 2*l.retryPeriod {
		return fmt.Errorf("--leader-elect-renew-deadline: %s is less than twice --leader-elect-retry-period %s", l.renewDeadline, l.retryPeriod)
	}
	if l.duration <= l.renewDeadline {
		return fmt.Errorf("--leader-elect-lease-duration: %s is not longer than --leader-elect-renew-deadline %s", l.duration, l.renewDeadline)
	}
	if l.duration < time.Second {
		return fmt.Errorf("--leader-elect-lease-duration: %s is less than a second, the least that a lease can say", l.duration)
	}
	return nil
}

func (f *flags) level() (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(f.logLevel)); err != nil {
		return l, fmt.Errorf("--log-level: %q is not debug, info, warn or error", f.logLevel)
	}
	return l, nil
}
