package demo

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/localcluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// hoursPerMonth is VPSie's month.
const hoursPerMonth = 720

// seen is what the audience knows already.
type seen struct {
	events map[string]bool // by their text: an event may be repeated
	ready  map[string]bool
	totals string
	owners map[string]string // of pods, by namespace/name: decisions speak of pods that are gone
	paid   []float64         // per hour, at each look
}

func newSeen() *seen {
	return &seen{events: map[string]bool{}, ready: map[string]bool{}, owners: map[string]string{}}
}

func (s *seen) meet(pods []corev1.Pod) {
	for i := range pods {
		s.owners[pods[i].Namespace+"/"+pods[i].Name] = ownerOf(&pods[i])
	}
}

func (s *Story) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, "[%5.1fs] %s\n", time.Since(s.started).Seconds(), fmt.Sprintf(format, args...))
}

// tellChanges prints what is new: the autoscaler's events, nodes that became ready or went, and the totals.
func (s *Story) tellChanges(now snapshot) {
	for _, event := range now.events {
		line := fmt.Sprintf("%s %s: %s: %s", event.Regarding.Kind, event.Regarding.Name, event.Reason, event.Note)
		if !s.seen.events[line] {
			s.seen.events[line] = true
			s.say("  %s", line)
		}
	}
	present := map[string]bool{}
	for i := range now.nodes {
		node := &now.nodes[i]
		present[node.Name] = true
		if ready := isReady(node); ready && !s.seen.ready[node.Name] {
			s.seen.ready[node.Name] = true
			s.say("  Node %s is ready: %s CPU, %s memory", node.Name, node.Status.Capacity.Cpu(), node.Status.Capacity.Memory())
		}
	}
	for name := range s.seen.ready {
		if !present[name] {
			delete(s.seen.ready, name)
			s.say("  Node %s is gone", name)
		}
	}
	bills := s.living()
	totals := fmt.Sprintf("pods: %d running, %d waiting; nodes: %d ready; VPSes: %d for $%s per hour",
		now.running(), now.waiting(), now.ready(), len(bills), perHour(bills).FloatString(4))
	if totals != s.seen.totals {
		s.seen.totals = totals
		s.say("%s", totals)
	}
}

// perHour is what the machines cost together, in US dollars.
func perHour(bills []vpsietest.Bill) *big.Rat {
	prices := map[string]string{}
	for _, plan := range vpsietest.DefaultCatalogue().Plans {
		prices[plan.Nickname] = plan.PricePerMonth
	}
	sum := new(big.Rat)
	for _, bill := range bills {
		sum.Add(sum, dollars(prices[bill.Plan]))
	}
	return sum.Quo(sum, big.NewRat(hoursPerMonth, 1))
}

// dollars reads an amount; what is none is nothing.
func dollars(text string) *big.Rat {
	if amount, ok := new(big.Rat).SetString(text); ok {
		return amount
	}
	return new(big.Rat)
}

// explain adds what is stuck and the controller's last words to a step's error, unless the story was told to end.
func (s *Story) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var stuck strings.Builder
	now, lookErr := s.look(ctx)
	if lookErr != nil {
		fmt.Fprintf(&stuck, "    %v\n", lookErr)
	}
	for _, pod := range now.pods {
		fmt.Fprintf(&stuck, "    pod %s is %s on node %q%s\n", pod.Name, pod.Status.Phase, pod.Spec.NodeName, whyUnscheduled(pod))
	}
	var group v1alpha1.NodeGroup
	if err := s.client.Get(ctx, client.ObjectKeyFromObject(s.group), &group); err == nil {
		for _, condition := range group.Status.Conditions {
			fmt.Fprintf(&stuck, "    NodeGroup %s is %s=%s: %s: %s\n", group.Name, condition.Type, condition.Status, condition.Reason, condition.Message)
		}
	}
	for _, machine := range now.machines {
		fmt.Fprintf(&stuck, "    VPSieNode %s is %s, its VPS %q: %s\n", machine.Name, machine.Status.Phase, machine.Status.VPSieStatus, machine.Status.LastError)
	}
	for i := range now.nodes {
		fmt.Fprintf(&stuck, "    node %s: ready %t, taints %v\n", now.nodes[i].Name, isReady(&now.nodes[i]), now.nodes[i].Spec.Taints)
	}
	for _, bill := range s.living() {
		fmt.Fprintf(&stuck, "    VPS %d %s (%s) is %s\n", bill.ID, bill.Hostname, bill.Plan, bill.State)
	}
	log := s.stack.ControllerLog()
	return fmt.Errorf("%w\n  what is there:\n%s  the controller's last words:\n%s", err, stuck.String(), localcluster.Tail(log, 30))
}

func whyUnscheduled(pod corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status != corev1.ConditionTrue {
			return ": " + condition.Message
		}
	}
	return ""
}
