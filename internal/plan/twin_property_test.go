package plan

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// drawSociable draws a world whose pods ask things of each other, and returns the
// lines it is told in.
func drawSociable(t *rapid.T) (*story, string) {
	s, say, told := drawn(t)
	pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(t, what) }
	say("namespace default labels=team=a")
	say("namespace other labels=team=b")
	say("offer s1 cpu=2 memory=4096 price=10 zone=z1")
	say("offer l1 cpu=4 memory=8192 price=%d zone=z1", rapid.IntRange(15, 25).Draw(t, "price"))
	say("offer s2 cpu=2 memory=4096 price=11 zone=z2")
	say("offer s3 cpu=2 memory=4096 price=12 zone=z3%s", pick("stock", "", " stock=1", " stock=0"))
	say("offer plain cpu=4 memory=8192 price=30")
	say("group a max=%d offers=s1,l1,s2,s3 mixed", rapid.IntRange(0, 6).Draw(t, "max"))
	say("group b max=%d offers=plain,s2%s", rapid.IntRange(0, 3).Draw(t, "max"), pick("b", "", " taint=t:NoSchedule", " labels=tier=x", " mixed"))
	nodes := rapid.IntRange(0, 5).Draw(t, "nodes")
	for n := range nodes {
		say("node n%d group=a type=%s state=%s zone=%s%s", n, pick("type", "s1", "l1"), pick("state", "Ready", "Ready", "Ready", "NotReady", "Ordered"),
			pick("zone", "z1", "z2", "z3", "z4"), pick("extra", "", "", "", " taint=t:NoSchedule", " labels=tier=x", " cordoned"))
	}
	rule := func() string {
		key, app := pick("key", "host", "host", "zone", "rack"), pick("app", "p", "q", "r")
		switch pick("rule", "none", "none", "anti", "near", "spread", "port", "tolerate", "select") {
		case "anti":
			return fmt.Sprintf(" anti=%s/app=%s%s", key, app, pick("where", "", "", "@*", "@team=b", "@other", "+v"))
		case "near":
			return fmt.Sprintf(" near=%s/app=%s%s", key, app, pick("where", "", "", "@*", "@team=b", "@other", "+v"))
		case "spread":
			return fmt.Sprintf(" spread=%s/%d/app=%s%s", key, rapid.IntRange(1, 2).Draw(t, "skew"), app,
				pick("policy", "", "", "", "/min2", "/min4", "/honor-taints", "/ignore-affinity", "/+v"))
		case "port":
			return " port=" + pick("port", "80", "443")
		case "tolerate":
			return " tolerate=t:NoSchedule"
		case "select":
			return pick("selector", " selector=tier=x", " affinity=topology.kubernetes.io/zone:In:z1,z2")
		}
		return ""
	}
	for p := range rapid.IntRange(0, 8).Draw(t, "pods") {
		where := ""
		if nodes > 0 && rapid.IntRange(0, 2).Draw(t, "bound") == 0 {
			where = fmt.Sprintf(" node=n%d", rapid.IntRange(0, nodes-1).Draw(t, "node")) + pick("leaving", "", "", " terminating")
		}
		app := pick("app", "p", "q", "r")
		say("pod %s%d x%d cpu=%dm memory=%dMi namespace=%s labels=app=%s,v=%s%s%s%s", app, p, rapid.IntRange(1, 5).Draw(t, "count"),
			rapid.IntRange(1, 18).Draw(t, "cpu")*100, rapid.IntRange(1, 20).Draw(t, "memory")*100,
			pick("namespace", "default", "default", "other"), app, pick("v", "1", "2"), where, rule(), rule())
	}
	return s, told.String()
}

// TestPlannedPodsAreAdmittedInTheEnd holds every place that a plan gives against the
// twin: with everything else where the plan wants it, kube-scheduler would admit it.
// And no pod is called unplaced that the twin finds room for.
func TestPlannedPodsAreAdmittedInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawSociable(t)
		p := Decide(&s.state)
		tw := newTwin(&s.state, p)
		pods := map[string]*corev1.Pod{}
		for _, pod := range s.state.Pods {
			pods[pod.name()] = pod.Object()
		}
		if why := tw.turnsOut(p, pods); why != "" {
			t.Fatalf("%s\n%s\n%s", why, told, tw)
		}
		for _, u := range p.Unplaced {
			for _, n := range tw.nodes {
				if !n.takes || tw.refuses(pods[u.Pod], n) != "" {
					continue
				}
				// It may still turn out another: two pods can each stand in the other's way.
				n.pods = append(n.pods, pods[u.Pod])
				if tw.turnsOut(p, pods) == "" {
					t.Fatalf("%s is called unplaced and fits %s\n%s\n%s", u.Pod, n.Name, told, tw)
				}
				n.pods = n.pods[:len(n.pods)-1]
			}
		}
	})
}

// turnsOut says which of the pods that the plan places would not be admitted where
// they are, were they not there yet; empty for none.
func (t *twin) turnsOut(p *Plan, pods map[string]*corev1.Pod) string {
	out := ""
	check := func(name, node string) {
		n := t.node(node)
		n.without(pods[name], func() {
			if why := t.refuses(pods[name], n); why != "" || !n.takes {
				out = fmt.Sprintf("%s is not admitted to %s: %s", name, node, why)
			}
		})
	}
	for _, l := range p.Launches {
		for _, pod := range l.Pods {
			check(pod, l.Name)
		}
	}
	for _, pl := range p.Placements {
		check(pl.Pod, pl.Node)
	}
	return out
}
