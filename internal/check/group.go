package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// group checks what one NodeGroup asks for.
func (i *inspection) group(ctx context.Context, g *v1alpha1.NodeGroup) {
	object := "NodeGroup " + g.Name
	for _, problem := range cluster.LimitsOf(g, i.opts.Cloud.Clock.Now()).Problems {
		i.problem("limits", object, "correct spec.minNodes, spec.maxNodes or the annotation", fmt.Errorf("%s", problem))
	}
	i.offered(ctx, g)
	for _, w := range control.WantedOf(g) {
		i.network(ctx, object, w)
	}
	if err := control.CheckGroup(ctx, i.kube, &i.opts.Control, g); err != nil {
		i.problem("user data", object, "correct spec.userData, spec.labels, spec.taints, or what the message names", err)
	} else {
		i.ok("user data", object, "it can be rendered")
	}
}

// offered checks what the group may buy in each of its datacenters.
func (i *inspection) offered(ctx context.Context, g *v1alpha1.NodeGroup) {
	object, wanted := "NodeGroup "+g.Name, control.WantedOf(g)
	if !g.Spec.Zonal() {
		offers, problems, err := i.cloud.Market(ctx, wanted[0])
		for _, p := range append(problems, configOf(err)...) {
			i.problem("order", object, remedyFor(p), p)
		}
		if len(offers) > 0 {
			i.sold(ctx, object, wanted[0])
		}
		return
	}
	all, err := i.cloud.MarketAcross(ctx, wanted)
	problems := all.Problems
	if len(problems) == 0 {
		problems = configOf(err)
	}
	for _, p := range problems {
		i.problem("order", object, remedyFor(p), p)
	}
	for _, w := range wanted {
		if all.Closed[w.Datacenter] == nil {
			i.sold(ctx, object, w)
		}
	}
}

// configOf leaves out what the account's own checks have told.
func configOf(err error) []error {
	if _, config := cloud.IsConfig(err); config || err != nil && vpsie.ClassOf(err) != "" {
		return []error{err}
	}
	return nil
}

func remedyFor(err error) string {
	reason, _ := cloud.IsConfig(err)
	switch reason {
	case "DatacenterNotFound":
		if strings.Contains(err.Error(), "spec.datacenters ") {
			return "name those of spec.datacenters as the message lists them"
		}
		return "set spec.datacenterID to one of those that the message lists"
	case "ImageNotFound":
		return "set spec.osImageID to an image that the message lists, or to the identifier of one of VPSie's own: those of your machines are listed below, others stand in the console's address bar"
	case "SSHKeyNotFound":
		return "set spec.sshKeyIDs to one of those that the message lists"
	case "VPCNotFound":
		return "set spec.networkConfig.vpc to one of those that the message lists"
	case "FirewallGroupNotFound":
		return "set spec.networkConfig.firewallGroups to those that the message lists"
	case "GatewayNotFound":
		return "set spec.networkConfig.gateway.ip to one of those that the message lists"
	case "InstanceTypeNotAvailable":
		return "name in spec.offeringIDs, or choose with spec.offeringSelector, what the datacenter sells for the image; the message lists it"
	}
	return ""
}

// network says what the NodeGroup's machines are attached to. What is wrong with it is among the problems of the order.
func (i *inspection) network(ctx context.Context, object string, w cloud.Wanted) {
	n, err := i.cloud.Network(ctx, w)
	if err != nil || n.IsEmpty() {
		return
	}
	var texts []string
	if v := n.VPC; v != nil {
		texts = append(texts, fmt.Sprintf("VPC %s (id %d, %s)", v.Name, v.ID, v.Range))
	}
	for _, g := range n.FirewallGroups {
		texts = append(texts, fmt.Sprintf("firewall group %s (%s)", g.Name, g.Identifier))
	}
	if g := n.Gateway; g != nil {
		texts = append(texts, fmt.Sprintf("gateway %s (id %d)", g.IP, g.ID))
	}
	i.ok("network", object, "machines are attached to %s", strings.Join(texts, ", "))
}

func (i *inspection) sold(ctx context.Context, object string, w cloud.Wanted) {
	sold, ambiguous, err := i.cloud.Sold(ctx, w)
	if err != nil {
		i.skip(observe.CheckOfferings, object, "%s", oneLine(err))
		return
	}
	var texts []string
	for _, s := range sold {
		texts = append(texts, fmt.Sprintf("%s at $%s a month (%s)", s.Name, plan.Money(s.PricePerMonth), s.Category))
		if s.SharedMemory {
			i.warn(observe.CheckOfferings, object, "take an offering of another category where pods need all of the memory", "%s is of category %s, whose machines see less memory than the %d MB that they are sold with", s.Name, s.Category, s.MemoryMB)
		}
		if s.PricePerMonth == 0 {
			i.warn(observe.CheckOfferings, object, "ask VPSie for its price", "%s has the price 0", s.Name)
		}
	}
	where := ""
	if len(w.Among) > 0 {
		where = " in " + w.Datacenter
	}
	i.ok(observe.CheckOfferings, object, "sold%s are %s", where, strings.Join(texts, ", "))
	for _, a := range ambiguous {
		i.warn(observe.CheckNames, object, "use the identifier", "%s things of the account; the first is taken", a)
	}
}

// dialect tries in which form VPSie takes orders, for each kind of image once.
func (i *inspection) dialect(ctx context.Context) {
	tried := map[string]bool{}
	for n := range i.groups {
		g := &i.groups[n]
		w := control.WantedOf(g)[0]
		if tried[w.Image] {
			continue
		}
		tried[w.Image] = true
		object := "NodeGroup " + g.Name
		d, err := i.cloud.ProbeDialect(ctx, w)
		_, config := cloud.IsConfig(err)
		switch {
		case err == nil:
			i.ok("order form", object, "VPSie takes orders for image %s in dialect %s", w.Image, d)
		case config:
		case vpsie.ClassOf(err) == vpsie.Temporary || vpsie.ClassOf(err) == vpsie.Throttled:
			i.skip("order form", object, "it could not be tried: %s", oneLine(err))
		case vpsie.MayHaveHappened(err):
			i.problem("order form", object, "look for a VPS called vpsie-autoscaler-check in the console and delete it", err)
		default:
			i.problem("order form", object, "VPSie refuses orders in the form of dialect A and of dialect B; remove the key dialect if it forces one, and ask VPSie what has changed", err)
		}
	}
}
