package control

import (
	"context"
	"reflect"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// sharedReads reads single objects from the API server for many machines at once: whoever asks while a
// read is under way gets the answer of the next one. So an answer is never older than the question, and a thousand
// machines that are ordered together do not ask a thousand times for their NodeGroup.
type sharedReads struct {
	from client.Reader

	mu sync.Mutex
	// waiting are the reads that have not begun; turns let those of one object begin one after the other.
	waiting map[readKey]*sharedRead
	turns   map[readKey]chan struct{}
}

type readKey struct {
	kind reflect.Type
	name client.ObjectKey
}

type sharedRead struct {
	done   chan struct{}
	object client.Object
	err    error
}

func newSharedReads(from client.Reader) *sharedReads {
	return &sharedReads{from: from, waiting: map[readKey]*sharedRead{}, turns: map[readKey]chan struct{}{}}
}

// reads reads from the API server itself; shared is nil where nobody else asks.
type reads struct {
	Live   client.Reader
	shared *sharedReads
}

// readShared fills the object in, as Live does.
func readShared[T any, P interface {
	*T
	client.Object
	DeepCopyInto(*T)
}](ctx context.Context, d reads, name client.ObjectKey, into P) error {
	s := d.shared
	if s == nil {
		return d.Live.Get(ctx, name, into)
	}
	k := readKey{reflect.TypeFor[T](), name}
	read, first, turn := s.join(k)
	if first {
		turn <- struct{}{}
		s.begin(k)
		// The others must not fail because the first is called off.
		object := P(new(T))
		read.object, read.err = object, s.from.Get(context.WithoutCancel(ctx), name, object)
		close(read.done)
		<-turn
	}
	select {
	case <-read.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if read.err != nil {
		return read.err
	}
	read.object.(P).DeepCopyInto(into)
	return nil
}

// join is the read that begins next, and whether the caller is the first of it, who has to make it.
func (s *sharedReads) join(k readKey) (read *sharedRead, first bool, turn chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns[k] == nil {
		s.turns[k] = make(chan struct{}, 1)
	}
	read = s.waiting[k]
	if read == nil {
		read, first = &sharedRead{done: make(chan struct{})}, true
		s.waiting[k] = read
	}
	return read, first, s.turns[k]
}

// begin lets nobody join the read any more.
func (s *sharedReads) begin(k readKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, k)
}
