package control

import (
	"context"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// A timer counts as soon as it is decided, also while its annotation has not been written or taken away.
func TestTimersRunBeforeTheyAreWritten(t *testing.T) {
	noted, began := time.Unix(1000, 0), time.Unix(2000, 0)
	for name, tc := range map[string]struct {
		known     unneeded
		annotated time.Time
		want      time.Time
	}{
		"after a restart the annotation counts": {unneeded{}, noted, noted},
		"not written yet":                       {unneeded{"u": began}, time.Time{}, began},
		"written":                               {unneeded{"u": began}, noted, noted},
		"not taken away yet":                    {unneeded{"u": time.Time{}}, noted, time.Time{}},
		"needed":                                {unneeded{"u": time.Time{}}, time.Time{}, time.Time{}},
		"another machine's":                     {unneeded{"x": began}, time.Time{}, time.Time{}},
	} {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m", UID: "u"}}
		n := &plan.Node{Name: "n", Machine: "m", UnneededSince: tc.annotated}
		tc.known.remind([]*plan.Node{n}, []*v1alpha1.VPSieNode{m})
		if !n.UnneededSince.Equal(tc.want) {
			t.Errorf("%s: unneeded since %s, want %s", name, n.UnneededSince, tc.want)
		}
	}
}

// However many nodes are unneeded at once, a round writes some of the annotations only, those
// first that a restart must not find, and in the end all are written with the time of the
// first decision.
func TestAnnotationsAreWrittenBitByBit(t *testing.T) {
	const count = mostNotes + 20
	api := &noting{patched: map[string]string{}}
	r := newNotes(&Deps{Client: api})
	var machines []*v1alpha1.VPSieNode
	p := &plan.Plan{}
	for i := range count {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m" + string(rune('a'+i%26)) + string(rune('a'+i/26)), UID: types.UID(rune(i))}}
		machines, p.Unneeded = append(machines, m), append(p.Unneeded, m.Name)
	}
	last := machines[count-1]
	last.Annotations = map[string]string{v1alpha1.AnnotationUnneededSince: "2025-10-12T10:00:00Z"}
	p.Unneeded = p.Unneeded[:count-1]
	for i, want := range []struct {
		written int
		left    bool
	}{{mostNotes, true}, {count, false}, {count, false}} {
		left, err := r.noteUnneeded(t.Context(), machines, p, time.Unix(int64(1000+i), 0))
		if err != nil || left != want.left || len(api.patched) != want.written {
			t.Fatalf("round %d: %d of %d annotations are written, left %t (%v); want %d, %t", i, len(api.patched), count, left, err, want.written, want.left)
		}
		if api.patched[last.Name] != "" || len(api.patched) == 0 {
			t.Errorf("round %d has not taken the annotation away first that is out of date", i)
		}
		for _, m := range machines {
			if since, written := api.patched[m.Name]; written {
				m.Annotations = map[string]string{v1alpha1.AnnotationUnneededSince: since}
				if since == "" {
					m.Annotations = nil
				} else if since != "1970-01-01T00:16:40Z" {
					t.Fatalf("%s is unneeded since %s, want the time of the first decision", m.Name, since)
				}
			}
		}
	}
}

// noting takes down which timers are written.
type noting struct {
	client.Client
	mu      sync.Mutex
	patched map[string]string
}

func (n *noting) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.patched[o.GetName()] = o.GetAnnotations()[v1alpha1.AnnotationUnneededSince]
	return nil
}
