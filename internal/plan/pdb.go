package plan

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// budget is a PodDisruptionBudget.
type budget struct {
	name     string
	selector labels.Selector
	// allowed is how many of its pods may be disrupted now.
	allowed int
	// asked is how many pods of it are on nodes that the plan removes.
	asked int
}

// budgets finds the budgets of pods.
type budgets struct{ byNamespace map[string][]*budget }

func newBudgets(s *State) *budgets {
	all := &budgets{byNamespace: map[string][]*budget{}}
	for _, object := range s.Budgets {
		selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
		if err != nil {
			// The eviction API refuses every pod of the namespace then; selecting all of
			// them says the same.
			selector = labels.Everything()
		}
		b := &budget{name: object.Name, selector: selector, allowed: int(object.Status.DisruptionsAllowed)}
		if err != nil || object.Status.ObservedGeneration < object.Generation {
			b.allowed = 0 // the eviction API refuses until the controller has caught up
		}
		all.byNamespace[object.Namespace] = append(all.byNamespace[object.Namespace], b)
	}
	for _, list := range all.byNamespace {
		slices.SortFunc(list, func(a, b *budget) int { return cmp.Compare(a.name, b.name) })
	}
	return all
}

// of are the budgets that cover the pod.
func (all *budgets) of(p *Pod) []*budget {
	var covering []*budget
	for _, b := range all.byNamespace[p.Object.Namespace] {
		if b.selector.Matches(labels.Set(p.Object.Labels)) {
			covering = append(covering, b)
		}
	}
	return covering
}

// allows says whether a node with n pods of the budget can go along with the nodes
// that go already. One node alone may hold more pods than the budget allows, as they
// are evicted one after another.
func (b *budget) allows(n int) bool {
	if b.asked == 0 {
		return b.allowed > 0
	}
	return b.asked+n <= b.allowed
}
