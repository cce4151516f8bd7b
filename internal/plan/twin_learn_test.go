package plan

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
)

// shown is the slow form of what a new node of the group and offer will be: what was
// ordered, and what all Ready nodes of that group and type show, without any those of
// the group, without these those of the type.
func shown(s *State, g *Group, o *Offer) (map[string]string, []corev1.Taint) {
	labels, taints := NodeLabels(g, o), append([]corev1.Taint(nil), g.Taints...)
	like := func(matches func(n *Node) bool) []*Node {
		var found []*Node
		for _, n := range s.Nodes {
			if n.State == Ready && n.Object != nil && n.Group != "" && n.DatacenterID == o.DatacenterID && matches(n) {
				found = append(found, n)
			}
		}
		return found
	}
	own := like(func(n *Node) bool { return n.Group == g.Name && n.InstanceType == o.InstanceType })
	teachers := own
	if len(teachers) == 0 {
		teachers = like(func(n *Node) bool { return n.Group == g.Name })
	}
	if len(teachers) == 0 {
		teachers = like(func(n *Node) bool { return n.InstanceType == o.InstanceType })
	}
	if len(teachers) == 0 {
		return labels, taints
	}
	for key, value := range teachers[0].Object.Labels {
		all := key != corev1.LabelHostname && key != LabelNodeGroup && key != LabelInstanceType
		for _, n := range teachers {
			all = all && n.Object.Labels[key] == value && ordered(s, teachers[0])[key] != value
		}
		if all {
			labels[key] = value
		}
	}
	maps.Copy(labels, o.Labels)
	for _, t := range own[:min(len(own), 1)] {
		for _, taint := range t.Object.Spec.Taints {
			all := len(own) > 1 && len(g.Taints) == 0
			for _, n := range own {
				has := false
				for _, other := range n.Object.Spec.Taints {
					has = has || other == taint
				}
				all = all && has
			}
			if all {
				taints = append(taints, taint)
			}
		}
	}
	return labels, taints
}

// ordered are the labels that were ordered for a node.
func ordered(s *State, n *Node) map[string]string {
	for _, g := range s.Groups {
		for _, o := range s.Offers {
			if g.Name == n.Group && o.InstanceType == n.InstanceType {
				return NodeLabels(g, o)
			}
		}
	}
	return nil
}
