package dryrun

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// WhatIf is what to change, for the plan alone, about what there is. Its fields are the
// flags as they were given.
type WhatIf struct {
	Add     []string
	Set     []string
	Prices  []string
	Without []string
	Drain   []string
}

// AddFlags declares the flags.
func (w *WhatIf) AddFlags(s *pflag.FlagSet) {
	s.StringArrayVar(&w.Add, "add", nil, "what if the objects of this file or directory were there, too; they take the place of those of the same name")
	s.StringArrayVar(&w.Set, "set", nil, "what if a field had this value: ng/NAME.FIELD=VALUE (a field of a NodeGroup's spec), deployment/NAMESPACE/NAME.replicas=N or statefulset/NAMESPACE/NAME.replicas=N")
	s.StringArrayVar(&w.Prices, "price", nil, "what if an offering cost so much a month: OFFERING=PRICE, or DATACENTER/OFFERING=PRICE")
	s.StringArrayVar(&w.Without, "without", nil, "what if this were not there: node/NAME, vn/NAME, ng/NAME or pod/NAMESPACE/NAME")
	s.StringArrayVar(&w.Drain, "drain", nil, "what if all nodes of this went, and none were bought there: datacenter/NAME, ng/NAME or node/NAME")
}

// asked says whether there is anything to change.
func (w *WhatIf) asked() bool {
	return len(w.Add)+len(w.Set)+len(w.Prices)+len(w.Without)+len(w.Drain) > 0
}

// change is a flag's value, read.
type change struct {
	flag, text string
	// kind and name are what it is about, namespace only where the kind has one.
	kind, namespace, name string
	// field and value are of --set, the price of --price.
	field, value string
	price        plan.Money
}

func (c *change) wrong(format string, args ...any) error {
	return fmt.Errorf("--%s %s: %s", c.flag, c.text, fmt.Sprintf(format, args...))
}

// changes are all but --add, read, in the order in which they apply.
type changes struct {
	set, prices, without, drain []*change
	replicas                    map[cluster.Workload]int32
}

// parse reads the flags.
func (w *WhatIf) parse() (*changes, error) {
	all := &changes{replicas: map[cluster.Workload]int32{}}
	var errs []error
	for _, text := range w.Set {
		c := &change{flag: "set", text: text}
		errs = append(errs, all.readSet(c))
	}
	for _, text := range w.Prices {
		c := &change{flag: "price", text: text}
		name, price, ok := strings.Cut(text, "=")
		var err error
		if c.price, err = plan.ParseMoney(price); !ok || err != nil || name == "" {
			errs = append(errs, c.wrong("want OFFERING=PRICE, the price a month as a decimal number such as 9.00"))
			continue
		}
		c.name = name
		if datacenter, offering, ok := strings.Cut(name, "/"); ok {
			c.namespace, c.name = datacenter, offering
		}
		all.prices = append(all.prices, c)
	}
	for _, text := range w.Without {
		c, err := readObject("without", text, map[string]string{
			"node": "node", "nodes": "node", "no": "node", "vn": "node", "vpsienode": "node", "vpsienodes": "node",
			"ng": "ng", "nodegroup": "ng", "nodegroups": "ng", "pod": "pod", "pods": "pod", "po": "pod",
		}, "node/NAME, vn/NAME, ng/NAME or pod/NAMESPACE/NAME")
		errs = append(errs, err)
		all.without = append(all.without, c)
	}
	for _, text := range w.Drain {
		c, err := readObject("drain", text, map[string]string{
			"datacenter": "datacenter", "dc": "datacenter", "node": "node", "nodes": "node", "no": "node", "vn": "node", "vpsienode": "node",
			"ng": "ng", "nodegroup": "ng", "nodegroups": "ng",
		}, "datacenter/NAME, ng/NAME or node/NAME")
		errs = append(errs, err)
		all.drain = append(all.drain, c)
	}
	return all, errors.Join(errs...)
}

func readObject(flag, text string, kinds map[string]string, want string) (*change, error) {
	c := &change{flag: flag, text: text}
	kind, name, _ := strings.Cut(text, "/")
	c.kind, c.name = kinds[kind], name
	if c.kind == "pod" {
		var ok bool
		if c.namespace, c.name, ok = strings.Cut(name, "/"); !ok {
			c.namespace, c.name = "default", name
		}
	}
	if c.kind == "" || c.name == "" {
		return c, c.wrong("want %s", want)
	}
	return c, nil
}

// readSet reads KIND/NAME.FIELD=VALUE; a NodeGroup's name has no dot.
func (all *changes) readSet(c *change) error {
	target, value, ok := strings.Cut(c.text, "=")
	kind, rest, _ := strings.Cut(target, "/")
	c.value = value
	switch kind {
	case "ng", "nodegroup", "nodegroups":
		if c.name, c.field, _ = strings.Cut(rest, "."); !ok || c.field == "" {
			return c.wrong("want ng/NAME.FIELD=VALUE, such as ng/web.maxNodes=30")
		}
		all.set = append(all.set, c)
		return nil
	case "deploy", "deployment", "deployments", "sts", "statefulset", "statefulsets":
		name, is := strings.CutSuffix(rest, ".replicas")
		n, err := strconv.ParseInt(value, 10, 32)
		if !ok || !is || err != nil || n < 0 {
			return c.wrong("want %s/NAMESPACE/NAME.replicas=N, N a whole number >= 0", kind)
		}
		w := cluster.Workload{Kind: "Deployment", Namespace: "default", Name: name}
		if kind[0] == 's' {
			w.Kind = "StatefulSet"
		}
		if namespace, short, ok := strings.Cut(name, "/"); ok {
			w.Namespace, w.Name = namespace, short
		}
		all.replicas[w] = int32(n)
		return nil
	}
	return c.wrong("want ng/NAME.FIELD=VALUE, deployment/NAMESPACE/NAME.replicas=N or statefulset/NAMESPACE/NAME.replicas=N")
}

// toObjects changes the objects; what they share with others stays as it is.
func (all *changes) toObjects(o *cluster.Objects) (notes []string, err error) {
	var errs []error
	o.NodeGroups = slices.Clone(o.NodeGroups)
	for _, c := range all.set {
		errs = append(errs, c.setField(o))
	}
	for _, c := range slices.Concat(all.without, all.drain) {
		some, err := c.takeAway(o)
		notes, errs = append(notes, some...), append(errs, err)
	}
	return notes, errors.Join(errs...)
}

func (c *change) setField(o *cluster.Objects) error {
	found := slices.IndexFunc(o.NodeGroups, func(g *v1alpha1.NodeGroup) bool { return g.Name == c.name })
	if found < 0 {
		return c.wrong("there is no such NodeGroup; there are %s", groupNames(o))
	}
	changed, err := cluster.WithField(o.NodeGroups[found], c.field, c.value)
	if err != nil {
		return c.wrong("%v", err)
	}
	o.NodeGroups[found] = changed
	return nil
}

func groupNames(o *cluster.Objects) string {
	names := make([]string, len(o.NodeGroups))
	for i, g := range o.NodeGroups {
		names[i] = g.Name
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// takeAway takes nodes, or what has them, away.
func (c *change) takeAway(o *cluster.Objects) ([]string, error) {
	switch c.kind {
	case "pod":
		before := len(o.Pods)
		o.Pods = slices.Clone(o.Pods)
		for i, p := range o.Pods {
			if p.Namespace == c.namespace && p.Name == c.name {
				o.Pods = slices.Delete(o.Pods, i, i+1)
				break
			}
		}
		if len(o.Pods) == before {
			return nil, c.wrong("there is no pod %s in namespace %s", c.name, c.namespace)
		}
		return nil, nil
	case "node":
		notes, ok := c.dropNode(o, c.name)
		if !ok {
			return nil, c.wrong("there is no such node and no such VPSieNode")
		}
		return notes, nil
	case "ng":
		if !slices.ContainsFunc(o.NodeGroups, func(g *v1alpha1.NodeGroup) bool { return g.Name == c.name }) {
			return nil, c.wrong("there is no such NodeGroup; there are %s", groupNames(o))
		}
	case "datacenter":
		if !slices.ContainsFunc(o.NodeGroups, func(g *v1alpha1.NodeGroup) bool { return c.placeOf(g) != "" }) {
			return nil, c.wrong("no NodeGroup is in that datacenter; they are in %s", datacenters(o))
		}
	}
	var notes []string
	for _, name := range c.nodesOf(o) {
		some, _ := c.dropNode(o, name)
		notes = append(notes, some...)
	}
	if c.flag == "without" && c.kind == "ng" {
		o.NodeGroups = slices.DeleteFunc(o.NodeGroups, func(g *v1alpha1.NodeGroup) bool { return g.Name == c.name })
	}
	return notes, nil
}

func (c *change) dropNode(o *cluster.Objects, name string) ([]string, bool) {
	lost, found := o.WithoutNode(name, plan.EndsWithNode)
	if len(lost) == 0 {
		return nil, found
	}
	return []string{fmt.Sprintf("%s of node %s would be lost: no controller makes them anew: %s", count(len(lost), "pod"), name, someOf(lost))}, found
}

func datacenters(o *cluster.Objects) string {
	names := map[string]bool{}
	for _, g := range o.NodeGroups {
		for _, id := range g.Spec.DatacenterIDs() {
			names[id] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// placeOf is the name by which the group has the datacenter that the change is about; empty
// when it is not in that.
func (c *change) placeOf(g *v1alpha1.NodeGroup) string {
	for _, id := range g.Spec.DatacenterIDs() {
		if c.kind == "datacenter" && strings.EqualFold(id, c.name) {
			return id
		}
	}
	return ""
}

// nodesOf are the nodes of a NodeGroup or a datacenter: those that have a machine or a
// label that says so.
func (c *change) nodesOf(o *cluster.Objects) []string {
	is := func(group, datacenter string) bool {
		return c.kind == "ng" && group == c.name || c.kind == "datacenter" && strings.EqualFold(datacenter, c.name)
	}
	var names []string
	for _, m := range o.VPSieNodes {
		if is(m.Spec.NodeGroupName, m.Spec.DatacenterID) {
			names = append(names, m.Name)
		}
	}
	for _, n := range o.Nodes {
		if is(n.Labels[v1alpha1.LabelNodeGroup], n.Labels[v1alpha1.LabelDatacenter]) {
			names = append(names, n.Name)
		}
	}
	return names
}

// toMarkets changes what can be bought, and for how much.
func (all *changes) toMarkets(groups []*v1alpha1.NodeGroup, markets map[string]cluster.Market) error {
	var errs []error
	known := map[string]bool{}
	used := map[*change]bool{}
	for name, market := range markets {
		fixed := map[*plan.Offer]bool{}
		offers := make([]*plan.Offer, len(market.Offers))
		for i, o := range market.Offers {
			known[o.InstanceType] = true
			offer := *o
			for _, c := range all.prices {
				if strings.EqualFold(c.name, o.InstanceType) && (c.namespace == "" || strings.EqualFold(c.namespace, o.DatacenterID)) {
					offer.Price, used[c] = c.price, true
				}
			}
			offers[i], fixed[&offer] = &offer, market.Fixed[o]
		}
		market.Offers, market.Fixed = offers, fixed
		markets[name] = market
	}
	for _, c := range all.prices {
		if !used[c] {
			errs = append(errs, c.wrong("no NodeGroup is offered that; there are %s", strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
		}
	}
	for _, c := range all.drain {
		for _, g := range groups {
			why := fmt.Sprintf("nothing is bought there in this what-if (--drain %s)", c.text)
			market := markets[g.Name]
			switch place := c.placeOf(g); {
			case c.kind == "ng" && g.Name == c.name, place != "" && !g.Spec.Zonal():
				market.Blocked = why
			case place != "":
				market.Closed = maps.Clone(market.Closed) // what others read stays
				delete(market.Closed, place)
				market.Close(place, cluster.Closed{Why: why})
			}
			markets[g.Name] = market
		}
	}
	return errors.Join(errs...)
}
