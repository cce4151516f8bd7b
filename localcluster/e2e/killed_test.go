package e2e

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A death is one at a step; the zero value lets the controller live.
type death struct {
	step step
	side side
}

func (d death) String() string {
	if d.side == "" {
		return "unharmed"
	}
	return fmt.Sprintf("%s %s", d.side, d.step)
}

// A life is a NodeGroup from its creation to its end, with the machines that its lane's pods need.
type life struct {
	*lane
	group *v1alpha1.NodeGroup
	// machines are all the VPSieNodes that there were when the parts of the life had come to rest.
	machines []string
	// spare is how many VPSes may have been ordered for nothing.
	spare int
}

// A renewal is an edit of the NodeGroup that has other machines take the place of those that there are.
type renewal struct{ what, edit string }

// exchange has a cheaper machine take the place. It happens unharmed: TestExchangeKilledAtEveryStep has one of several machines.
func exchange() renewal {
	return renewal{"exchange", fmt.Sprintf(`{"spec":{"offeringIDs":["%s","%s"]}}`, medium, small)}
}

func rollout() renewal { return renewal{"roll-out", `{"spec":{"osImageID":"debian-12"}}`} }

// A course is a life as it is planned: where the controller dies in each of its parts.
type course struct {
	launch, rollout death
	end             planned
}

func (c course) String() string {
	return fmt.Sprintf("launch %s, roll-out %s, %s %s", c.launch, c.rollout, c.end.ending, c.end.death)
}

// A record is how a life went: what there was when each of its parts had come to rest, and the steps of each.
type record struct {
	rests                     []string
	launched, rolled, removed []step
}

// The ways to be rid of a machine: its NodeGroup is deleted while a pod still runs on it, or its pod goes.
type ending string

const (
	groupDeleted ending = "NodeGroup deleted"
	podGone      ending = "pod gone"
)

// lanes is how many lives go on at once, each with a namespace and a controller of its own. They mostly wait.
const lanes = 5

func TestKilledAtEveryStep(t *testing.T) {
	killedAtEveryStep(t, "lane", func(*v1alpha1.NodeGroup) {}, func(step) bool { return true })
}

// killedAtEveryStep has NodeGroups of that shape live, and kills the controller at each of the steps that concern the test.
func killedAtEveryStep(t *testing.T, kind string, shape func(*v1alpha1.NodeGroup), concerns func(step) bool) {
	t.Helper()
	first := newLane(t, kind, nil, shape)
	want := first.live(t, course{end: planned{ending: groupDeleted}})
	other := first.live(t, course{end: planned{ending: podGone}})
	if diff := cmp.Diff(want.rests, other.rests); diff != "" {
		t.Fatalf("two unharmed lives differ (-first +second):\n%s", diff)
	}
	t.Logf("a launch has %d steps: %v", len(want.launched), want.launched)
	t.Logf("a roll-out has %d: %v", len(want.rolled), want.rolled)
	t.Logf("a removal with the NodeGroup has %d: %v", len(want.removed), want.removed)
	t.Logf("a removal when the pod has gone has %d: %v", len(other.removed), other.removed)
	t.Logf("in the end:\n%s", strings.Join(want.rests, "\n\n"))

	inLanes(t, first, courses(want, other, concerns), func(t *testing.T, l *lane, c course) {
		if diff := cmp.Diff(want.rests, l.live(t, c).rests); diff != "" {
			t.Errorf("the outcome is another than that of an unharmed life (-unharmed +killed):\n%s", diff)
		}
	})
}

// Each life takes seconds of both processors, so that one run has a part of them, and the next maybe another.
var (
	oneIn = flag.Int("e2e.one-in", 3, "have one of so many lives in which the controller is killed; 1 has all of them")
	turn  = flag.Int("e2e.turn", -1, "which one, from 0; -1 draws it")
)

// inLanes has lives go on in the first lane and in others like it.
func inLanes[T fmt.Stringer](t *testing.T, first *lane, lives []T, live func(*testing.T, *lane, T)) {
	t.Helper()
	which := *turn
	if which < 0 {
		which = rand.IntN(*oneIn)
	}
	t.Logf("one in %d of %d lives: -e2e.turn=%d", *oneIn, len(lives), which)
	deals := make(chan T, len(lives))
	for i, c := range lives {
		if i%*oneIn == which%*oneIn {
			deals <- c
		}
	}
	close(deals)
	var wait sync.WaitGroup
	for i := range lanes {
		l := first
		if i > 0 {
			l = first.another(t, i)
		}
		wait.Go(func() {
			for c := range deals {
				if !t.Run(c.String(), func(t *testing.T) { live(t, l, c) }) {
					return // What is left of this life would be in the way of the next.
				}
			}
		})
	}
	wait.Wait()
}

// courses are as many lives as it takes to die once on both sides of every step of every part that concerns the test.
func courses(first, second record, concerns func(step) bool) []course {
	endings := append(plans(first.removed, groupDeleted, concerns), plans(second.removed, podGone, concerns)...)
	launches, rollouts := deaths(first.launched, concerns), deaths(first.rolled, concerns)
	nth := func(list []death, i int) death {
		if i < len(list) {
			return list[i]
		}
		return death{}
	}
	var all []course
	for i := range max(len(endings), len(launches), len(rollouts)) {
		c := course{launch: nth(launches, i), rollout: nth(rollouts, i), end: planned{ending: groupDeleted}}
		if i < len(endings) {
			c.end = endings[i]
		}
		all = append(all, c)
	}
	return all
}

// A lane is where one life follows another.
type lane struct {
	*controller
	kind    string
	purpose string
	flags   []string // of its controller
	shape   func(*v1alpha1.NodeGroup)
	form    []func(*appsv1.Deployment)
	version string // of the API, in which NodeGroups are written; empty is the one that Go clients use
	// exchanges: between launch and roll-out a cheaper machine takes the place of the first.
	exchanges bool
	work      *appsv1.Deployment
	lives     int
}

// newLane is the first one of its kind, with a Deployment of one pod unless the work is given another form.
func newLane(t *testing.T, kind string, flags []string, shape func(*v1alpha1.NodeGroup), form ...func(*appsv1.Deployment)) *lane {
	t.Helper()
	l := &lane{kind: kind, purpose: kind + "0", flags: flags, shape: shape, form: form, controller: startController(t, flags...)}
	l.employ(t)
	return l
}

// another is a lane like this one, with a namespace and a controller of its own.
func (l *lane) another(t *testing.T, number int) *lane {
	t.Helper()
	o := &lane{kind: l.kind, purpose: fmt.Sprintf("%s%d", l.kind, number), flags: l.flags, shape: l.shape, form: l.form}
	o.controller = startControllerIn(t, newNamespace(t, o.purpose), append(slices.Clone(o.flags), "--cluster-id="+o.purpose)...)
	o.employ(t)
	return o
}

// employ makes the lane's Deployment.
func (l *lane) employ(t *testing.T) {
	t.Helper()
	l.work = newDeployment(l.purpose, l.purpose, 1)
	for _, form := range l.form {
		form(l.work)
	}
	create(t, l.work)
	t.Cleanup(func() { _ = shared.client.Delete(context.WithoutCancel(t.Context()), l.work) })
}

// live is one life from its beginning to its end.
func (l *lane) live(t *testing.T, c course) (r record) {
	t.Helper()
	one := l.begin()
	// Larger than the pod needs, until an exchange.
	one.group.Spec.OfferingIDs, one.group.Spec.AllowMixedInstances = []string{medium}, true
	part := func(rest string, steps []step) []step {
		r.rests = append(r.rests, rest)
		return steps
	}
	r.launched = part(one.launch(t, 1, c.launch))
	if l.exchanges {
		part(one.renew(t, exchange(), 1))
	}
	r.rolled = part(one.renew(t, rollout(), 1, c.rollout))
	r.removed = one.remove(t, c.end)
	return r
}

// begin is the beginning of a life: a NodeGroup that is not created yet.
func (l *lane) begin() *life {
	l.lives++
	group := newGroup(fmt.Sprintf("%s-life%d", l.purpose, l.lives), 0, 3)
	group.Namespace = l.namespace
	group.Spec.Labels[purpose] = l.purpose
	group.Spec.Disruption.PaybackHours = new(int32(24)) // however young the machine is
	group.Spec.Disruption.Consolidation, group.Spec.Disruption.DriftPolicy = v1alpha1.ConsolidateWhenCheaper, v1alpha1.DriftReplace
	l.shape(group)
	return &life{lane: l, group: group}
}

// launch creates the NodeGroup for the waiting pods, and waits until they run on so many ready nodes and all has come to rest. It
// returns the state at rest, in which names are replaced.
func (l *life) launch(t *testing.T, count int, deaths ...death) (outcome string, steps []step) {
	t.Helper()
	l.gate.arm(deaths...)
	create(t, inVersion(t, l.group, l.version))
	l.await(t, fmt.Sprintf("the pods to run on %d ready nodes", count), func() (err error) {
		outcome, err = l.look(t, count)
		return err
	})
	return outcome, l.disarm(t, deaths...)
}

// renew edits the NodeGroup, and waits until as many other machines as given run the pods and all has come to rest.
func (l *life) renew(t *testing.T, r renewal, count int, deaths ...death) (outcome string, steps []step) {
	t.Helper()
	l.gate.arm(deaths...)
	patch(t, l.group, r.edit)
	l.await(t, fmt.Sprintf("%d others to take the place of %v", count, l.machines), func() (err error) {
		outcome, err = l.look(t, count)
		return err
	})
	return outcome, l.disarm(t, deaths...)
}

// remove ends the machines and the NodeGroup, and waits until nothing is left of either.
func (l *life) remove(t *testing.T, end planned) (steps []step) {
	t.Helper()
	l.gate.arm(end.death)
	replicas := int(*l.work.Spec.Replicas)
	if end.ending == podGone {
		scale(t, l.work, 0)
		l.await(t, "the surplus VPSieNodes to be gone", func() error {
			if machines := machinesOf(t, l.group); len(machines) > 0 {
				return fmt.Errorf("%s is in %s%s", machines[0].Name, machines[0].Status.Phase, told(machines[0].Status.Conditions))
			}
			return nil
		})
		steps = l.disarm(t, end.death)
	}
	remove(t, l.group)
	l.await(t, "the end of all that the launch has made", func() error { return left(t, l.group) })
	if end.ending == groupDeleted {
		steps = l.disarm(t, end.death)
	}
	scale(t, l.work, replicas)
	if bills := billsOf(l.group); len(bills) < len(l.machines) || len(bills) > len(l.machines)+l.spare {
		t.Errorf("%d VPSes were ordered, want %d, and no more than %d besides: %+v", len(bills), len(l.machines), l.spare, bills)
	}
	if still := stillAttached(l.group); len(still) > 0 {
		t.Errorf("VPSes that are gone are still attached: %v", still)
	}
	return steps
}

type planned struct {
	death  death
	ending ending
}

func deaths(steps []step, concerns func(step) bool) []death {
	var all []death
	for _, s := range steps {
		if !concerns(s) {
			continue
		}
		all = append(all, death{s, before}, death{s, after})
	}
	return all
}

func plans(steps []step, e ending, concerns func(step) bool) []planned {
	var all []planned
	for _, d := range deaths(steps, concerns) {
		all = append(all, planned{d, e})
	}
	return all
}
