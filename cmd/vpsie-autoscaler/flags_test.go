package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// Every flag reaches the setting that its description speaks of, and no other.
func TestFlagsReachTheirSettings(t *testing.T) {
	for _, tc := range []struct {
		arg  string
		got  func(*flags) any
		want any
	}{
		{"--kubeconfig=x", func(f *flags) any { return f.kubeconfig }, "x"},
		{"--namespace=x", func(f *flags) any { return f.control.Namespace }, "x"},
		{"--secret=x", func(f *flags) any { return f.control.SecretName }, "x"},
		{"--expendable-pods-priority-cutoff=-5", func(f *flags) any { return f.control.Plan.ExpendablePriorityCutoff }, int32(-5)},
		{"--startup-taint=a.example.com/*:NoExecute", func(f *flags) any { return fmt.Sprint(f.control.Plan.StartupTaints) }, "[a.example.com/*:NoExecute]"},
		{"--skip-nodes-with-local-storage", func(f *flags) any { return f.control.Plan.SkipNodesWithLocalStorage }, true},
		{"--vpsie-requests-per-minute=7", func(f *flags) any { return f.account.RequestsPerMinute }, 7.0},
		{"--vpsie-request-timeout=7s", func(f *flags) any { return f.account.Timeout }, 7 * time.Second},
		{"--vpsie-allow-plain-http", func(f *flags) any { return f.account.AllowPlainHTTP }, true},
		{"--vpsie-catalogue-ttl=7s", func(f *flags) any { return f.catalogueTTL }, 7 * time.Second},
		{"--leader-elect=false", func(f *flags) any { return f.leaderElect }, false},
		{"--leader-elect-lease-duration=1m", func(f *flags) any { return f.lease.duration }, time.Minute},
		{"--leader-elect-renew-deadline=7s", func(f *flags) any { return f.lease.renewDeadline }, 7 * time.Second},
		{"--leader-elect-retry-period=3s", func(f *flags) any { return f.lease.retryPeriod }, 3 * time.Second},
		{"--metrics-bind-address=:1", func(f *flags) any { return f.metricsAddress }, ":1"},
		{"--health-probe-bind-address=:1", func(f *flags) any { return f.healthAddress }, ":1"},
		{"--pprof-bind-address=:1", func(f *flags) any { return f.pprofAddress }, ":1"},
		{"--log-level=warn", func(f *flags) any { return f.logLevel }, "warn"},
		{"--unready-timeout=7s", func(f *flags) any { return f.control.UnreadyTimeout }, 7 * time.Second},
		{"--unproven-limit=7", func(f *flags) any { return f.control.UnprovenLimit }, 7},
		{"--repair-limit=7", func(f *flags) any { return f.control.RepairLimit }, 7},
		{"--bootstrap=kubeadm", func(f *flags) any { return f.control.Bootstrap }, "kubeadm"},
		{"--cluster-id=x", func(f *flags) any { return f.clusterID }, "x"},
		{"--debounce=7s", func(f *flags) any { return f.control.Debounce }, 7 * time.Second},
		{"--backoff=7s", func(f *flags) any { return f.control.Backoff.First }, 7 * time.Second},
		{"--backoff-limit=7h", func(f *flags) any { return f.control.Backoff.Last }, 7 * time.Hour},
		{"--provision-timeout=7s", func(f *flags) any { return f.control.ProvisionTimeout }, 7 * time.Second},
		{"--keep-failed=7s", func(f *flags) any { return f.control.KeepFailed }, 7 * time.Second},
		{"--join-timeout=7s", func(f *flags) any { return f.control.JoinTimeout }, 7 * time.Second},
		{"--drain-timeout=7s", func(f *flags) any { return f.control.DrainTimeout }, 7 * time.Second},
		{"--node-deletion-delay-timeout=7s", func(f *flags) any { return f.control.DeletionDelay }, 7 * time.Second},
		{"--drain-retry=7s", func(f *flags) any { return f.control.DrainRetry }, 7 * time.Second},
		{"--create-settle=7s", func(f *flags) any { return f.control.CreateSettle }, 7 * time.Second},
		{"--poll-interval=7s", func(f *flags) any { return f.control.PollInterval }, 7 * time.Second},
		{"--sweep-interval=7s", func(f *flags) any { return f.control.SweepInterval }, 7 * time.Second},
		{"--sweep-grace=7s", func(f *flags) any { return f.control.SweepGrace }, 7 * time.Second},
		{"--unready-timeout=7s", func(f *flags) any { return f.control.UnreadyTimeout }, 7 * time.Second},
		{"--repair-limit=7", func(f *flags) any { return f.control.RepairLimit }, 7},
		{"--bootstrap=kubeadm", func(f *flags) any { return f.control.Bootstrap }, "kubeadm"},
		{"--restart-timeout=7s", func(f *flags) any { return f.control.RestartTimeout }, 7 * time.Second},
		{"--min-balance-hours=7", func(f *flags) any { return f.control.MinBalanceHours }, 7.0},
		{"--provider-id-format=vpsie://{identifier}", func(f *flags) any { return string(f.control.ProviderIDFormat) }, "vpsie://{identifier}"},
		{"--join-api-server=h:1", func(f *flags) any { return f.control.APIServer }, "h:1"},
	} {
		var untouched, f flags
		set := func(f *flags) *pflag.FlagSet {
			s := pflag.NewFlagSet("run", pflag.ContinueOnError)
			f.add(s)
			return s
		}
		set(&untouched)
		if err := set(&f).Parse([]string{tc.arg}); err != nil {
			t.Errorf("%s: %v", tc.arg, err)
			continue
		}
		if got := tc.got(&f); got != tc.want || got == tc.got(&untouched) {
			t.Errorf("%s gives %v, without it %v; want %v", tc.arg, got, tc.got(&untouched), tc.want)
		}
		if err := f.validate(); err != nil {
			t.Errorf("%s is refused: %v", tc.arg, err)
		}
	}
}

func TestFlagsThatCannotWorkAreRefusedByName(t *testing.T) {
	for _, arg := range []string{
		"--backoff=0s", "--backoff-limit=0s", "--provision-timeout=0s", "--join-timeout=-1s", "--drain-timeout=0s", "--drain-retry=0s", "--poll-interval=0s", "--sweep-interval=0s",
		"--create-settle=0s", "--vpsie-request-timeout=0s", "--vpsie-catalogue-ttl=0s", "--vpsie-requests-per-minute=0", "--log-level=loud", "--unready-timeout=0s", "--keep-failed=-1s", "--repair-limit=101", "--unproven-limit=-1", "--bootstrap=magic", "--join-api-server=h",
		"--restart-timeout=-1s", "--node-deletion-delay-timeout=-1s", "--min-balance-hours=-1", "--provider-id-format=x",
	} {
		var f flags
		s := pflag.NewFlagSet("run", pflag.ContinueOnError)
		f.add(s)
		if err := s.Parse([]string{arg}); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(arg, "=")
		if err := f.validate(); err == nil || !strings.Contains(fmt.Sprint(err), name+":") {
			t.Errorf("%s: %v, want a refusal that names it", arg, err)
		}
	}
}
