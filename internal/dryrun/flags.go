package dryrun

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// AddPlanningFlags declares what changes decisions. A dry run has to be told what
// the controller was told, so all that plan have these flags.
func AddPlanningFlags(s *pflag.FlagSet, o *plan.Options) {
	s.Int32Var(&o.ExpendablePriorityCutoff, "expendable-pods-priority-cutoff", -10, "pods of a lower priority neither buy nor hold a node")
	s.Var((*startupTaints)(&o.StartupTaints), "startup-taint", "taint that new nodes have until an agent takes it away, as key, key=value:Effect or with one * in the key; buys no further node; may be given several times, beside the usual ones")
	s.BoolVar(&o.SkipNodesWithLocalStorage, "skip-nodes-with-local-storage", false, "keep nodes with pods that use emptyDir or hostPath")
}

// AddBuyingFlags declares what decides, beside the account, what can be bought.
func AddBuyingFlags(s *pflag.FlagSet, o *control.Options) {
	AddJoinFlags(s, o)
	s.IntVar(&o.UnprovenLimit, "unproven-limit", 3, "how many machines of a NodeGroup may be on their way while none has become a ready node as the group is now; 0 is no limit")
	s.Float64Var(&o.MinBalanceHours, "min-balance-hours", 0, "how many hours the balance of a prepaid account must last for purchases beyond minNodes; 0 is off")
}

// AddJoinFlags declares how machines join.
func AddJoinFlags(s *pflag.FlagSet, o *control.Options) {
	s.StringVar(&o.Bootstrap, "bootstrap", "", "how machines join whose NodeGroup has no userData: kubeadm installs and joins; empty leaves it to the image")
	s.StringVar(&o.APIServer, "join-api-server", "", "host:port for {{.APIServer}} in userData; empty takes kube-public/cluster-info's")
}

// AddAccountFlags declares how the VPSie API is asked.
func AddAccountFlags(s *pflag.FlagSet, o *cloud.Options) {
	s.Float64Var(&o.RequestsPerMinute, "vpsie-requests-per-minute", 100, "limit of all requests to the VPSie API together")
	s.DurationVar(&o.Timeout, "vpsie-request-timeout", 30*time.Second, "limit of one request to the VPSie API")
	s.BoolVar(&o.AllowPlainHTTP, "vpsie-allow-plain-http", false, "allow http:// to a VPSie API that is not on this machine")
}

// startupTaints is a flag that may be given several times.
type startupTaints []plan.StartupTaint

// Set reads one taint, or several with commas between them.
func (f *startupTaints) Set(text string) error {
	for one := range strings.SplitSeq(text, ",") {
		t, err := plan.ParseStartupTaint(one)
		if err != nil {
			return err
		}
		*f = append(*f, t)
	}
	return nil
}

func (f *startupTaints) String() string {
	texts := make([]string, len(*f))
	for i, t := range *f {
		texts[i] = t.String()
	}
	return strings.Join(texts, ",")
}

// Type names the flag's values in the help.
func (*startupTaints) Type() string { return "taint" }
