package dryrun

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// AddPlanningFlags declares what changes decisions. A dry run has to be told what
// the controller was told, so all that plan have these flags.
func AddPlanningFlags(s *pflag.FlagSet, o *plan.Options) {
	s.Int32Var(&o.ExpendablePriorityCutoff, "expendable-pods-priority-cutoff", -10, "pods of a lower priority neither buy nor hold a node")
	s.BoolVar(&o.SkipNodesWithLocalStorage, "skip-nodes-with-local-storage", false, "keep nodes with pods that use emptyDir or hostPath")
}

// AddAccountFlags declares how the VPSie API is asked.
func AddAccountFlags(s *pflag.FlagSet, o *cloud.Options) {
	s.Float64Var(&o.RequestsPerMinute, "vpsie-requests-per-minute", 100, "limit of all requests to the VPSie API together")
	s.DurationVar(&o.Timeout, "vpsie-request-timeout", 30*time.Second, "limit of one request to the VPSie API")
	s.BoolVar(&o.AllowPlainHTTP, "vpsie-allow-plain-http", false, "allow http:// to a VPSie API that is not on this machine")
}
