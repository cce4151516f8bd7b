package check

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
)

// Options are the settings of a check.
type Options struct {
	// Config finds the cluster.
	Config func() (*rest.Config, error)
	// Cloud is the way to the account; it says in which namespace and Secret the account is.
	Cloud cloud.Options
	// Control has the controller's flags that decide how machines join.
	Control control.Options
	Output  string
	// Canary has one VPS of Group bought and deleted.
	Canary bool
	Group  string

	poll time.Duration // between two looks at the canary; 0 is the default
}

// Long describes the command.
const Long = `Say whether the autoscaler can work with this cluster and this VPSie account; buy nothing.

Each line is one check: what was looked at, what was found, and the way out. The account
password and the form of orders are tried in ways that VPSie refuses: with the deletion of
a VPS that does not exist, and with an order for a plan that does not exist.

--canary buys the cheapest offering of a NodeGroup, says how long each step took and in
what the VPS differs from the order, and deletes it. It costs an hour of that offering.

Exit status: 0 when nothing is wrong; 1 when the check could not be made, as without a
cluster; 2 when there is a problem.`

// AddFlags declares the flags of the command.
func (o *Options) AddFlags(s *pflag.FlagSet) {
	s.StringVarP(&o.Output, "output", "o", "table", "table, json or yaml")
	s.BoolVar(&o.Canary, "canary", false, "buy the cheapest offering of the NodeGroup, watch it, and delete it")
	s.StringVar(&o.Group, "nodegroup", "", "look at this NodeGroup only; empty looks at all, and takes the first for --canary")
}

// Run makes all checks and prints the report. It returns whether there is a problem.
func (o *Options) Run(ctx context.Context, out io.Writer) (failed bool, err error) {
	if !slices.Contains([]string{"table", "json", "yaml"}, o.Output) {
		return false, fmt.Errorf("--output: %q is not table, json or yaml", o.Output)
	}
	if err := o.Control.ValidateBuying(); err != nil {
		return false, err
	}
	r, err := o.run(ctx)
	if err != nil {
		return false, err
	}
	return r.Failed(), r.Write(out, o.Output)
}

// inspection is a check that is being made.
type inspection struct {
	*Report
	opts   *Options
	kube   client.Client
	cloud  *cloud.Cloud
	secret *corev1.Secret
	groups []v1alpha1.NodeGroup
}

func (o *Options) run(ctx context.Context) (*Report, error) {
	config, err := o.Config()
	if err != nil {
		return nil, err
	}
	kube, err := cluster.Connect(config)
	if err != nil {
		return nil, err
	}
	i := &inspection{Report: &Report{Findings: []Finding{}}, opts: o, kube: kube}
	if err := i.version(config); err != nil {
		return nil, err
	}
	if err := i.clusterID(ctx); err != nil {
		return nil, err
	}
	i.opts.Cloud.CatalogueTTL = time.Hour
	i.cloud = cloud.New(i.opts.Cloud)
	if !i.readGroups(ctx) {
		return i.Report, nil
	}
	i.rights(ctx)
	if i.account(ctx) {
		for n := range i.groups {
			i.group(ctx, &i.groups[n])
		}
		i.dialect(ctx)
		i.images(ctx)
		if o.Canary {
			i.canary(ctx)
		}
	} else if o.Canary {
		i.skip("canary", "", "the account cannot be used")
	}
	return i.Report, nil
}

// oldest is the oldest minor version of Kubernetes that has all that the autoscaler uses: selectable fields of CRDs.
const oldest = 31

// version asks the cluster who it is. Without an answer there is nothing to check.
func (i *inspection) version(config *rest.Config) error {
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("asking for the API server's version: %w", err)
	}
	info, err := d.ServerVersion()
	if err != nil {
		return fmt.Errorf("asking for the API server's version: %w", err)
	}
	var minor int
	if _, err := fmt.Sscanf(info.Minor, "%d", &minor); err == nil && info.Major == "1" && minor < oldest {
		i.problem("cluster", "", fmt.Sprintf("upgrade the cluster to Kubernetes 1.%d or newer", oldest), fmt.Errorf("the API server is %s, which lacks selectable fields of custom resources", info.GitVersion))
	} else {
		i.ok("cluster", "", "the API server is %s", info.GitVersion)
	}
	i.opts.Control.KubernetesVersion = fmt.Sprintf("%s.%d", info.Major, minor)
	return nil
}

func (i *inspection) clusterID(ctx context.Context) error {
	if i.opts.Cloud.ClusterID != "" {
		return nil
	}
	var n corev1.Namespace
	if err := i.kube.Get(ctx, types.NamespacedName{Name: "kube-system"}, &n); err != nil {
		return fmt.Errorf("reading namespace kube-system, whose UID marks this cluster's VPSes: %w", err)
	}
	i.opts.Cloud.ClusterID = string(n.UID)
	return nil
}

// readGroups reports whether the custom resources are there at all.
func (i *inspection) readGroups(ctx context.Context) bool {
	var list v1alpha1.NodeGroupList
	ns := i.opts.Cloud.Namespace
	if err := i.kube.List(ctx, &list, client.InNamespace(ns)); err != nil {
		i.problem("installation", "", "install the CRDs: helm upgrade --install …, or kubectl apply --server-side -k config/default", fmt.Errorf("NodeGroups cannot be listed: %w", err))
		return false
	}
	for _, g := range list.Items {
		if i.opts.Group == "" || g.Name == i.opts.Group {
			i.groups = append(i.groups, g)
		}
	}
	switch {
	case len(i.groups) > 0:
		i.ok("installation", "", "the custom resources are there, with %d NodeGroups in namespace %s", len(i.groups), ns)
	case i.opts.Group != "":
		i.problem("installation", "NodeGroup "+i.opts.Group, "name one that kubectl get nodegroups shows", fmt.Errorf("there is no NodeGroup %s in namespace %s", i.opts.Group, ns))
	default:
		i.warn("installation", "", "apply a NodeGroup there; those of other namespaces are not served", "the custom resources are there, but there is no NodeGroup in namespace %s", ns)
	}
	return true
}

// readSecret hands the account to the cloud.
func (i *inspection) readSecret(ctx context.Context) error {
	var s corev1.Secret
	err := i.kube.Get(ctx, types.NamespacedName{Namespace: i.opts.Cloud.Namespace, Name: i.opts.Cloud.SecretName}, &s)
	switch {
	case apierrors.IsNotFound(err):
		i.cloud.Configure(nil)
		return i.cloud.Refusal()
	case err != nil:
		return fmt.Errorf("reading the Secret: %w", err)
	}
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	i.secret = &s
	i.cloud.Configure(s.Data)
	return nil
}
