package cloud

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// However many machines are to go at once, a password that may be wrong is tried once: wrong ones lock the account.
func TestPasswordIsOnTrialWithOneDeletionAtATime(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	var meanwhile func()
	w.cloud.opts.Observe = func(op, _ string, _ time.Duration) {
		if f := meanwhile; op == "DeleteVM" && f != nil {
			meanwhile = nil
			f()
		}
	}
	account := func(password string) map[string][]byte {
		data := accountOf(w.fake)
		data[KeyAccountPassword] = []byte(password)
		return data
	}
	w.cloud.Configure(account("wrong"))
	var vms []*vpsie.VM
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := w.cloud.Create(t.Context(), order(name)); err != nil {
			t.Fatal(err)
		}
		vms = append(vms, w.await(t, name))
	}
	// during deletes the VPS and, before that has ended, calls f.
	during := func(vm *vpsie.VM, f func()) error {
		t.Helper()
		meanwhile = f
		err := w.cloud.Delete(t.Context(), vm, "")
		if meanwhile != nil {
			t.Fatalf("no deletion was asked for: %v", err)
		}
		return err
	}
	waits := func() {
		t.Helper()
		if err := w.cloud.Delete(t.Context(), vms[1], ""); !errors.Is(err, ErrPasswordOnTrial) {
			t.Errorf("a second deletion gives %v, want %v", err, ErrPasswordOnTrial)
		}
	}
	wrong := func(err error) {
		t.Helper()
		if vpsie.ClassOf(err) != vpsie.WrongPassword {
			t.Errorf("deleting with a wrong password gives %v", err)
		}
	}
	right := func(err error) {
		t.Helper()
		if err != nil {
			t.Errorf("deleting with the right password gives %v", err)
		}
	}

	wrong(during(vms[0], waits))
	wrong(w.cloud.Delete(t.Context(), vms[1], ""))
	asked := 0
	for _, r := range w.fake.Ledger().Requests {
		if r.Method == http.MethodDelete {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the wrong password was tried %d times", asked)
	}
	w.clock.Step(PasswordPause)
	wrong(during(vms[0], waits))

	w.cloud.Configure(account(vpsietest.DefaultAccountPassword))
	right(during(vms[0], waits))
	right(during(vms[1], func() { right(w.cloud.Delete(t.Context(), vms[2], "")) }))
	w.clock.Step(time.Hour) // the password may have been changed at VPSie
	right(during(vms[3], waits))
	// What was accepted with one Secret does not vouch for the next.
	right(during(vms[4], func() { w.cloud.Configure(account("wrong")) }))
	wrong(during(vms[5], waits))
	if w.cloud.Refusal() == nil {
		t.Error("machines are bought that could not be deleted")
	}
	w.fake.SetCredentials("", "wrong") // it is the right one from now on
	w.clock.Step(PasswordPause)
	right(during(vms[5], waits))
	if err := w.cloud.Refusal(); err != nil {
		t.Errorf("with a password that was accepted nothing is bought: %v", err)
	}
}
