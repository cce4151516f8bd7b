package cloud

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// lock stands before the fake VPSie and holds up one deletion on demand.
type lock struct {
	http.Handler
	deletions atomic.Int32
	// next, when it is not nil, is told of the next deletion, which waits until it is closed.
	next atomic.Pointer[chan struct{}]
}

func (l *lock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		l.deletions.Add(1)
		if held := l.next.Swap(nil); held != nil {
			*held <- struct{}{}
			<-*held
		}
	}
	l.Handler.ServeHTTP(w, r)
}

// behindLock gives the account by way of a lock, with the password.
func (w world) behindLock(t *testing.T, password string) (*lock, map[string][]byte) {
	t.Helper()
	target, err := url.Parse(w.fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	l := &lock{Handler: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	data := accountOf(w.fake)
	data[KeyURL], data[KeyAccountPassword] = []byte(server.URL), []byte(password)
	return l, data
}

// during calls f while the deletion of the VPS is under way, and returns how that ended.
func (w world) during(t *testing.T, l *lock, vm *vpsie.VM, f func()) error {
	t.Helper()
	held := make(chan struct{})
	l.next.Store(&held)
	ended := make(chan error, 1)
	go func() { ended <- w.cloud.Delete(t.Context(), vm, "") }()
	select {
	case <-held:
	case err := <-ended:
		t.Fatalf("the deletion ended before it was asked for: %v", err)
	}
	f()
	close(held)
	return <-ended
}

// However many machines are to go at once, a password that may be wrong is tried once: wrong ones lock the account.
func TestPasswordIsOnTrialWithOneDeletionAtATime(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	var vms []*vpsie.VM
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := w.cloud.Create(t.Context(), order(name)); err != nil {
			t.Fatal(err)
		}
		vms = append(vms, w.await(t, name))
	}
	refused := func(want error) func() {
		return func() {
			t.Helper()
			if err := w.cloud.Delete(t.Context(), vms[1], ""); !errors.Is(err, want) {
				t.Errorf("a second deletion gives %v, want %v", err, want)
			}
		}
	}
	l, data := w.behindLock(t, "wrong")
	w.cloud.Configure(data)
	if err := w.during(t, l, vms[0], refused(ErrPasswordOnTrial)); vpsie.ClassOf(err) != vpsie.WrongPassword {
		t.Errorf("deleting with a wrong password gives %v", err)
	}
	if err := w.cloud.Delete(t.Context(), vms[1], ""); vpsie.ClassOf(err) != vpsie.WrongPassword {
		t.Errorf("a deletion after a wrong password gives %v", err)
	}
	if n := l.deletions.Load(); n != 1 {
		t.Errorf("the wrong password was tried %d times", n)
	}
	w.clock.Step(passwordPause)
	if err := w.during(t, l, vms[0], refused(ErrPasswordOnTrial)); vpsie.ClassOf(err) != vpsie.WrongPassword {
		t.Errorf("deleting with a wrong password gives %v", err)
	}

	l, data = w.behindLock(t, vpsietest.DefaultAccountPassword)
	w.cloud.Configure(data)
	accepted := func(vm *vpsie.VM) func() {
		return func() {
			t.Helper()
			if err := w.cloud.Delete(t.Context(), vm, ""); err != nil {
				t.Errorf("a deletion beside another, with a password that was accepted: %v", err)
			}
		}
	}
	if err := w.during(t, l, vms[0], refused(ErrPasswordOnTrial)); err != nil {
		t.Error(err)
	}
	if err := w.during(t, l, vms[1], accepted(vms[2])); err != nil {
		t.Error(err)
	}
	w.clock.Step(time.Hour) // the password may have been changed at VPSie
	if err := w.during(t, l, vms[3], refused(ErrPasswordOnTrial)); err != nil {
		t.Error(err)
	}
	other, data := w.behindLock(t, "wrong")
	if err := w.during(t, l, vms[4], func() { w.cloud.Configure(data) }); err != nil {
		t.Error(err)
	}
	// What was accepted with the last Secret does not vouch for this one.
	if err := w.during(t, other, vms[5], refused(ErrPasswordOnTrial)); vpsie.ClassOf(err) != vpsie.WrongPassword {
		t.Errorf("deleting with another wrong password gives %v", err)
	}
}
