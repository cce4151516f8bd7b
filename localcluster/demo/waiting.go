package demo

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
)

// waitingOf puts the pods that have yet to run together by owner and by what they wait for. verdicts are the
// autoscaler's events of pods, oldest first.
func waitingOf(pods []corev1.Pod, verdicts []eventsv1.Event) []view.Waiting {
	last := map[string]*eventsv1.Event{}
	for i := range verdicts {
		last[verdicts[i].Regarding.Name] = &verdicts[i]
	}
	type cause struct {
		owner, why string
		mood       explain.Mood
	}
	counts, machines := map[cause]int{}, map[cause]map[string]bool{}
	for i := range pods {
		pod := &pods[i]
		if pod.Status.Phase != corev1.PodPending || pod.DeletionTimestamp != nil {
			continue
		}
		why, mood := whyWaiting(pod, last[pod.Name])
		key := cause{ownerOf(pod), why, mood}
		if why == onItsWay {
			if machines[key] == nil {
				machines[key] = map[string]bool{}
			}
			machines[key][last[pod.Name].Note] = true // each names another machine
		}
		counts[key]++
	}
	var lines []view.Waiting
	for key, n := range counts {
		line := view.Waiting{Count: n, Owner: key.owner, Mood: key.mood, Why: key.why}
		if m := len(machines[key]); m > 0 {
			line.Why = observe.Count(m, "machine") + " " + key.why
		}
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b view.Waiting) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Why, b.Why))
	})
	return lines
}

const onItsWay = "on the way for them"

func whyWaiting(pod *corev1.Pod, verdict *eventsv1.Event) (string, explain.Mood) {
	switch {
	case pod.Spec.NodeName != "":
		return "have a node, and start there", explain.Good
	case verdict != nil && verdict.Reason == "NodeOrdered":
		return onItsWay, explain.Busy
	case verdict != nil && verdict.Type == corev1.EventTypeWarning:
		return verdict.Note, explain.Bad
	case verdict != nil:
		return verdict.Note, ""
	}
	if why := whyUnscheduled(*pod); why != "" {
		return "kube-scheduler" + why, ""
	}
	return "kube-scheduler has not looked at them yet", ""
}

// ownerOf is the Deployment that made the pod, or else the pod itself.
func ownerOf(pod *corev1.Pod) string {
	for _, owner := range pod.OwnerReferences {
		if owner.Kind == "ReplicaSet" {
			return strings.TrimSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"])
		}
	}
	return pod.Name
}
