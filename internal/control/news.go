package control

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

// news remembers which changes a round is started by, for the journal. It decides
// nothing.
type news struct {
	mu    sync.Mutex
	named []string
	more  int
}

// mostNews is how many changes are named; the others are counted.
const mostNews = 3

// note adds a change. It keeps no object, and is cheap when there are many.
func (n *news) note(o client.Object, what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.named) == mostNews {
		n.more++
		return
	}
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	text := fmt.Sprintf("%s %s %s", kindOf(o), name, what)
	if !slices.Contains(n.named, text) {
		n.named = append(n.named, text)
	}
}

// kindOf is the kind by the object's type, since objects from a cache do not bear it.
func kindOf(o client.Object) string {
	if _, is := o.(*cluster.StoredPod); is {
		return "Pod"
	}
	return reflect.TypeOf(o).Elem().Name()
}

// take returns the changes since the last call.
func (n *news) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := n.named
	if n.more > 0 {
		taken = append(taken, fmt.Sprintf("and %d more changes", n.more))
	}
	n.named, n.more = nil, 0
	return taken
}
