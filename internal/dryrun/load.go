package dryrun

import (
	"context"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/record"
)

// market is what can be bought: by NodeGroup, and at most for all of them; nil is no limit.
type market struct {
	of    map[string]cluster.Market
	limit *plan.Limit
}

// input is what a dry run looks at.
type input struct {
	objects *cluster.Objects
	market  market
	// notes say what a person should know of it.
	notes []string
	// live reads the cluster; nil when nothing is read from one.
	live client.Reader
	// record is what is planned for again; nil when nothing is.
	record *record.Record
}

// load reads objects from files or the cluster, and prices from a file or the
// account that the cluster's Secret names.
func (o *Options) load(ctx context.Context, stdin io.Reader) (input, error) {
	var in input
	if o.Replay != "" {
		return o.loadRecord(stdin)
	}
	var live client.Reader
	if len(o.Files) == 0 || o.FromCluster && o.Offerings == "" {
		var err error
		if live, err = o.reader(); err != nil {
			return in, err
		}
	} else if o.FromCluster {
		in.notes = append(in.notes, "--kubeconfig is not used: -f and --offerings leave nothing to read from a cluster")
	}
	if err := o.loadObjects(ctx, &in, stdin, live); err != nil {
		return in, err
	}
	in.live = live
	market, notes, err := o.marketFor(ctx, in, in.objects)
	in.market, in.notes = market, append(in.notes, notes...)
	return in, err
}

// marketFor says what can be bought for the groups.
func (o *Options) marketFor(ctx context.Context, in input, objects *cluster.Objects) (market, []string, error) {
	switch {
	case o.Offerings != "":
		markets, notes, err := o.fileMarkets(objects.NodeGroups)
		return market{of: markets}, notes, err
	case in.live != nil:
		return o.accountMarket(ctx, in.live, objects)
	case in.record != nil:
		_, markets, limit := in.record.Input()
		return market{of: markets, limit: limit}, nil, nil
	}
	markets, notes := o.noMarkets(objects.NodeGroups)
	return market{of: markets}, notes, nil
}

func (o *Options) loadObjects(ctx context.Context, in *input, stdin io.Reader, live client.Reader) error {
	namespace := o.Cloud.Namespace
	if len(o.Files) == 0 {
		objects, err := cluster.Load(ctx, live, namespace)
		if err != nil {
			return fmt.Errorf("reading the cluster (-f FILE plans without one): %w", err)
		}
		in.objects, in.notes = objects, append(in.notes, cluster.Gaps(objects)...)
		in.objects.KubernetesVersion = o.kubernetesVersion()
		return nil
	}
	if o.AnyNamespace {
		namespace = ""
	}
	read, err := cluster.ReadFiles(o.Files, stdin, namespace)
	if err != nil {
		return err
	}
	in.objects, in.notes = read.Objects, append(in.notes, read.Notes...)
	in.objects.KubernetesVersion = cluster.ControlPlaneVersion(read.Nodes)
	return nil
}

// kubernetesVersion is the API server's; empty when it cannot be asked, which hides only old kubelets.
func (o *Options) kubernetesVersion() string {
	config, err := o.Config()
	if err != nil {
		return ""
	}
	version, err := cluster.AskVersion(config, o.Cloud.Clock)
	if err != nil {
		return ""
	}
	return version.String()
}

// reader reads the cluster itself: a single look is not worth a cache.
func (o *Options) reader() (client.Reader, error) {
	config, err := o.Config()
	if err != nil {
		return nil, fmt.Errorf("%w (-f FILE and --offerings FILE plan without a cluster)", err)
	}
	return cluster.Connect(config)
}

// accountMarket asks the account of the cluster's Secret what can be bought.
func (o *Options) accountMarket(ctx context.Context, live client.Reader, objects *cluster.Objects) (market, []string, error) {
	account := cloud.New(o.Cloud)
	var secret corev1.Secret
	key := client.ObjectKey{Namespace: o.Cloud.Namespace, Name: o.Cloud.SecretName}
	if err := live.Get(ctx, key, &secret); err == nil {
		account.Configure(secret.Data)
	} else if client.IgnoreNotFound(err) != nil {
		return market{}, nil, fmt.Errorf("reading the VPSie account (--offerings FILE does without it): %w", err)
	}
	deps := control.Deps{Live: live, Cloud: account, Clock: o.Cloud.Clock, Options: o.Control}
	if len(o.Files) > 0 {
		// Files need not say what has joined.
		deps.Options.UnprovenLimit = 0
	}
	buying := control.BuyingAfterRestart(ctx, deps, objects)
	var notes []string
	for _, g := range objects.NodeGroups {
		for _, problem := range buying.Problems[g.Name] {
			notes = append(notes, "NodeGroup "+g.Name+": "+problem.Error())
		}
	}
	return market{buying.Markets, buying.Limit}, notes, nil
}

// noMarkets is what can be bought when nobody said.
func (o *Options) noMarkets(groups []*v1alpha1.NodeGroup) (map[string]cluster.Market, []string) {
	markets := make(map[string]cluster.Market, len(groups))
	for _, g := range groups {
		markets[g.Name] = cluster.Market{Blocked: "what can be bought is not known: give --offerings FILE, or --kubeconfig FILE to ask the account of that cluster"}
	}
	if len(groups) == 0 {
		return markets, nil
	}
	return markets, []string{"no prices and nothing to buy: give --offerings FILE, or --kubeconfig FILE to ask the account of that cluster"}
}

// Read reads what there is, and what can be bought for each NodeGroup, without planning.
func (o *Options) Read(ctx context.Context, stdin io.Reader) (objects *cluster.Objects, markets map[string]cluster.Market, notes []string, err error) {
	if _, err := o.validate(); err != nil {
		return nil, nil, nil, err
	}
	in, err := o.load(ctx, stdin)
	return in.objects, in.market.of, in.notes, err
}
