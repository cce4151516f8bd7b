package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// narrow holds two of the pods of an exchange, by its memory, and wide three, for 1.2 times the price. So two of wide cost less
// than three of narrow, which hold as many, and no fewer of either would do.
const (
	narrow  = "compute-8cpu-8gb"
	wide    = "large-8cpu-16gb"
	narrows = 3
	wides   = 2
	moved   = 6 // pods
)

// killsALife is how often the controller is killed in one exchange whose machines are ordered.
const killsALife = 6

// A turmoil is the deaths in one exchange.
type turmoil struct {
	deaths []death
	// ordering: the controller dies once, before all machines are ordered. It cannot know then which orders VPSie took. It looks
	// for their VPSes, and when two orders in a row are in doubt, it orders nothing for a while and gives the exchange up.
	ordering bool
}

func (x turmoil) String() string { return fmt.Sprint(x.deaths) }

// Three machines give way to two, whose pods a PodDisruptionBudget lets go one by one. However often the controller is killed
// meanwhile, the same machines are bought once, no node is drained before both have come, and all comes to the same end, or stays as
// it was where it was not ordered yet. The controller dies at every step, by turns before it and after it; TestKilledAtEveryStep has
// both for every kind of step. A step that comes again after a death counts as the next of its kind.
func TestExchangeKilledAtEveryStep(t *testing.T) {
	first := newLane(t, "trade", []string{"--backoff=1s"}, func(g *v1alpha1.NodeGroup) {
		g.Spec.OfferingIDs, g.Spec.AllowMixedInstances = []string{narrow}, true
		g.Spec.MaxNodes = 2 * (narrows + wides)
	}, func(d *appsv1.Deployment) {
		d.Spec.Replicas = new(int32(moved))
		d.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("2500m"), corev1.ResourceMemory: resource.MustParse("3Gi"),
		}
	})
	want, steps := first.exchange(t, turmoil{})
	t.Logf("an exchange has %d steps: %v", len(steps), steps)
	t.Logf("in the end:\n%s", want)
	inLanes(t, first, turmoils(steps), func(t *testing.T, l *lane, x turmoil) {
		got, _ := l.exchange(t, x)
		if diff := cmp.Diff(want, got); diff != "" && (got != asItWas || !x.ordering) {
			t.Errorf("the outcome is another than that of an unharmed life (-unharmed +killed):\n%s", diff)
		}
	})
}

// turmoils have a death at every step.
func turmoils(steps []step) []turmoil {
	ordered := slices.Index(steps, step{"POST vm", wides})
	var all []turmoil
	var deaths []death
	for i, s := range steps {
		d := death{s, []side{before, after}[i%2]}
		switch {
		case i <= ordered:
			all = append(all, turmoil{[]death{d}, true})
		default:
			deaths = append(deaths, d)
		}
	}
	lives := make([]turmoil, (len(deaths)+killsALife-1)/killsALife)
	for i, d := range deaths {
		x := &lives[i%len(lives)] // far apart
		x.deaths = append(x.deaths, d)
	}
	return append(all, lives...)
}

// asItWas is what there is when an exchange was given up.
const asItWas = "as it was"

// exchange is a life in which machines of the narrow type give way to wide ones. It returns what there is when that has come to rest.
func (l *lane) exchange(t *testing.T, x turmoil) (rest string, steps []step) {
	t.Helper()
	one := l.begin()
	one.launch(t, narrows)
	old := running(billsOf(one.group))
	limit := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: one.group.Name, Namespace: l.work.Namespace},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(1)), Selector: l.work.Spec.Selector},
	}
	create(t, limit)
	up := watchReplicas(t, l.work, moved-1)
	one.gate.arm(x.deaths...)
	patch(t, one.group, fmt.Sprintf(`{"spec":{"offeringIDs":["%s","%s"]}}`, narrow, wide))
	one.await(t, "the end of the exchange", func() (err error) {
		if rest, err = one.look(t, wides); err != nil && x.ordering && one.isAsItWas(t) {
			rest, err = asItWas, nil
		}
		return err
	})
	steps = one.disarm(t, x.deaths...)
	one.await(t, "the watch of the pods to see them all", func() error {
		if err := up.hear(); err != nil || up.ready() == moved {
			return err
		}
		return fmt.Errorf("it sees %d ready", up.ready())
	})
	if !up.begun || len(up.wrong) > 0 {
		t.Errorf("fewer pods were ready than the PodDisruptionBudget allows: %v", up.wrong)
	}
	if rest == asItWas {
		one.spare = wides
	} else {
		readyBefore(t, one.group, old)
	}
	remove(t, limit)
	one.remove(t, planned{ending: groupDeleted})
	return rest, steps
}

// isAsItWas says that the machines are those of before, with a note that they could not be replaced, and that all pods run on them.
func (l *life) isAsItWas(t *testing.T) bool {
	t.Helper()
	machines := machinesOf(t, l.group)
	if len(machines) != narrows || len(running(billsOf(l.group))) != narrows {
		return false
	}
	for _, m := range machines {
		if !slices.Contains(l.machines, m.Name) || m.Annotations[v1alpha1.AnnotationReplacementFailed] == "" {
			return false
		}
	}
	return l.podsRun(t, l.machines) == nil
}

// readyBefore checks that the machines that the group has now are of the wide type, and that none of the old VPSes was deleted
// before all of them were Ready.
func readyBefore(t *testing.T, g *v1alpha1.NodeGroup, old []bill) {
	t.Helper()
	for _, m := range machinesOf(t, g) {
		if m.Spec.InstanceType != wide || m.Status.ReadyAt == nil {
			t.Errorf("VPSieNode %s is a %s, ready since %v", m.Name, m.Spec.InstanceType, m.Status.ReadyAt)
			continue
		}
		for _, b := range billsOf(g) {
			was := slices.ContainsFunc(old, func(o bill) bool { return o.ID == b.ID })
			if was && (b.DeletedAt == nil || b.DeletedAt.Before(m.Status.ReadyAt.Time)) {
				t.Errorf("VPS %s was deleted at %v, and %s, bought in its place, was Ready at %s", b.Hostname, b.DeletedAt, m.Name, m.Status.ReadyAt)
			}
		}
	}
}
