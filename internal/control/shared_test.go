package control

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// slowReader answers after a second with the NodeGroup's generation at the moment of the question.
type slowReader struct {
	client.Reader
	generation, reads atomic.Int64
	err               error
}

func (r *slowReader) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	r.reads.Add(1)
	seen := r.generation.Load()
	<-time.After(time.Second)
	object.SetName(key.Name)
	object.SetGeneration(seen)
	return r.err
}

// Those who ask together share a read, and none gets an answer from before it asked.
func TestReadsAreSharedAndNeverOlderThanTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &slowReader{}
		d := reads{shared: newSharedReads(from)}
		var all sync.WaitGroup
		ask := func(name string) {
			asked := from.generation.Load()
			all.Go(func() {
				var g v1alpha1.NodeGroup
				if err := readShared(t.Context(), d, client.ObjectKey{Name: name}, &g); err != nil || g.Name != name || g.Generation < asked {
					t.Errorf("asked for %s at generation %d: %s at %d, %v", name, asked, g.Name, g.Generation, err)
				}
			})
		}
		for i := range 100 {
			ask("a")
			if i%10 == 0 {
				from.generation.Add(1)
			}
			<-time.After(20 * time.Millisecond)
		}
		ask("b")
		all.Wait()
		if n := from.reads.Load(); n > 6 {
			t.Errorf("100 questions within two seconds and one for another group took %d reads of a second, want 6 at most", n)
		}
	})
}

// An error reaches all who wait for it, as it is, and one who gives up does not take the answer from the others.
func TestSharedReadsFailForThoseWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &slowReader{err: apierrors.NewNotFound(schema.GroupResource{}, "a")}
		d := reads{shared: newSharedReads(from)}
		given, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 3 {
			ctx := t.Context()
			if i == 0 {
				ctx = given
			}
			all.Go(func() {
				err := readShared(ctx, d, client.ObjectKey{Name: "a"}, &v1alpha1.NodeGroup{})
				if !apierrors.IsNotFound(err) && !(i == 0 && errors.Is(err, context.Canceled)) {
					t.Error(fmt.Errorf("reader %d: %w", i, err))
				}
			})
			synctest.Wait()
		}
		giveUp()
		all.Wait()
	})
}
