package chaos

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// appLabel tells which Deployment a pod is of; bare pods have none.
const appLabel = "app"

// app is a Deployment, its disruption budget, and how it is doing.
type app struct {
	replicas int
	pdb      *policyv1.PodDisruptionBudget
	// disturbed is when it last changed by something else than an eviction: evictions that were granted just then may
	// have been granted by what was true a moment before.
	disturbed time.Time
	pods      map[types.UID]*podLife
}

// podLife is a pod from its creation to its end.
type podLife struct {
	name, app string
	ran       bool
	ready     bool
	leaving   bool // deleted, but still there
	// bound says that it may not be evicted: it is bare and is not marked safe to evict.
	bound bool
}

func (w *watcher) app(namespace, name string) *app {
	name = namespace + "/" + name
	a := w.apps[name]
	if a == nil {
		a = &app{pods: map[types.UID]*podLife{}}
		w.apps[name] = a
	}
	return a
}

func (a *app) budget(b *policyv1.PodDisruptionBudget) {
	if a.pdb == nil || b == nil || a.pdb.Generation != b.Generation || a.pdb.UID != b.UID {
		a.disturbed = time.Now()
	}
	a.pdb = b
}

func (a *app) scaled(d *appsv1.Deployment) {
	if replicas := int(*d.Spec.Replicas); replicas != a.replicas {
		a.replicas, a.disturbed = replicas, time.Now()
	}
}

// required is how many pods the budget wants available.
func (a *app) required() int {
	if a.pdb == nil {
		return 0
	}
	if limit := a.pdb.Spec.MinAvailable; limit != nil {
		n, err := intstr.GetScaledValueFromIntOrPercent(limit, a.replicas, true)
		if err != nil {
			return 0
		}
		return n
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(a.pdb.Spec.MaxUnavailable, a.replicas, true)
	if err != nil {
		return 0
	}
	return a.replicas - n
}

func (a *app) available() int {
	n := 0
	for _, p := range a.pods {
		if p.ready && !p.leaving {
			n++
		}
	}
	return n
}

// budgetBehind tells that the budget's status counts pods that are not available: the API server grants evictions by
// it, and whoever asks for one cannot know better. One more is what the eviction at hand takes away.
func (a *app) budgetBehind() bool {
	status := a.pdb.Status
	return int(status.CurrentHealthy)-len(status.DisruptedPods) > a.available()+1
}

// evictedByAPI is the reason by which Kubernetes tells evictions from other deletions.
const evictedByAPI = "EvictionByEvictionAPI"

// settle is how long the cluster's own controllers may need to take notice of a change; longRestart is that after the
// API server was killed.
const (
	settle      = 2 * time.Second
	longRestart = 15 * time.Second
)

func (w *watcher) seePod(o *corev1.Pod) {
	p := w.pods[o.UID]
	if p == nil {
		p = &podLife{name: o.Namespace + "/" + o.Name, app: o.Labels[appLabel]}
		if p.app == "" {
			p.bound = o.OwnerReferences == nil && o.Annotations[safeToEvict] != "true"
		}
		w.pods[o.UID] = p
	}
	var a *app
	if p.app != "" {
		a = w.app(o.Namespace, p.app)
		a.pods[o.UID] = p
	}
	was := *p
	p.ready, p.leaving = isReady(o), o.DeletionTimestamp != nil
	if p.ready && !p.ran {
		p.ran = true
		w.tally.add("pods run")
	}
	switch {
	case p.leaving && !was.leaving && disruptedBy(o) == evictedByAPI:
		w.judgeEviction(o, p, a, was.ready)
	case a != nil && (p.leaving && !was.leaving || was.ready && !p.ready && !p.leaving):
		a.disturbed = time.Now()
	}
}

func (w *watcher) missPod(o *corev1.Pod) {
	w.seePod(o)
	if p := w.pods[o.UID]; p.app != "" {
		a := w.app(o.Namespace, p.app)
		if !p.leaving {
			a.disturbed = time.Now()
		}
		delete(a.pods, o.UID)
	}
}

// judgeEviction checks an eviction at the moment at which it takes effect.
func (w *watcher) judgeEviction(o *corev1.Pod, p *podLife, a *app, wasReady bool) {
	w.tally.add("evictions")
	if p.bound && !w.excused(o.Spec.NodeName) {
		w.found = append(w.found, violation{at: time.Now(), what: fmt.Sprintf("pod %s was evicted from %s, although nothing would bring it back and it is not marked safe to evict", p.name, o.Spec.NodeName)})
	}
	if a == nil || a.pdb == nil || !wasReady || time.Since(a.disturbed) < settle || time.Since(w.restarted) < longRestart {
		return
	}
	if a.budgetBehind() {
		w.tally.add("evictions granted by a budget that Kubernetes had not kept up")
		return
	}
	w.tally.add("evictions judged against an undisturbed budget")
	if available, required := a.available(), a.required(); available < required {
		w.found = append(w.found, violation{at: time.Now(), what: fmt.Sprintf(
			"the eviction of pod %s left %d of %d pods available; its PodDisruptionBudget requires %d", p.name, available, a.replicas, required)})
	}
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// disruptedBy says who ends a pod, where Kubernetes says it.
func disruptedBy(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return c.Reason
		}
	}
	return ""
}
