package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// One answer that asks for a pause of a day, such as a gateway's, keeps a machine from being ordered, and from being deleted,
// for a minute at most. The answer is no 429: after that the client itself waits, by the real clock.
func TestNoAnswerHoldsAMachineUpForLong(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	wait := func(method string) vpsietest.Fault {
		return vpsietest.Fault{
			Method: method, Path: "/apps/v2/vm", Count: 1, Status: http.StatusBadRequest, Effect: "before",
			Body: json.RawMessage(`{"error": true, "message": "Rate limit exceeded"}`), Headers: map[string]string{"Retry-After": "86400"},
		}
	}
	w.must(w.fake.SetFaults(wait(http.MethodPost), wait(http.MethodDelete)))
	g := w.group("web", 1, 1)
	began := w.clock.Now()
	w.ready(g, 1)
	w.must(w.admin.Delete(w.Context(), g))
	w.until(time.Second, "the end of the VPS", func() error {
		if left := w.bills(); len(left) > 0 {
			return fmt.Errorf("%d are left", len(left))
		}
		return nil
	})
	if took := w.clock.Since(began); took < time.Minute || took > 5*time.Minute {
		t.Errorf("it took %s", took)
	}
}
