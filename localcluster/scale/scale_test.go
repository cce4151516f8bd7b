package scale_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster/scale"
)

// A small cluster shows that what is seeded is taken for a cluster at rest, and that everything is measured.
func TestMeasuresASmallCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	report, err := scale.Run(t.Context(), scale.Options{
		BinDir: "../../.local/bin", Dir: t.TempDir(), Nodes: 4, Pods: 120, Length: 2 * time.Second, Soak: 2 * time.Second, Orders: 2, Burst: 60,
		Statuses: 40, Heartbeats: 16, Replaced: 10, Say: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case report.Ready <= 0 || report.Decided < report.Ready:
		t.Errorf("ready after %s, first decision after %s", report.Ready, report.Decided)
	case report.Rest.Resident == 0 || report.Rest.Heap == 0 || report.MostResident < report.Rest.Resident:
		t.Errorf("memory at rest %d, heap %d, at most %d", report.Rest.Resident, report.Rest.Heap, report.MostResident)
	case report.Rest.Requests["PATCH vpsienodes"]+report.Rest.Requests["PATCH vpsienodes/status"] != 0:
		t.Errorf("the API server took %v at rest: VPSieNodes are not seeded as the controller leaves them", report.Rest.Requests)
	case report.Replaced.Rounds == 0:
		t.Error("no rounds, though pods were replaced")
	case report.Stream.Requests["PATCH pods/status"] == 0:
		t.Errorf("the API server took %v under the stream, want patches of pods' status", report.Stream.Requests)
	case len(report.Waits) != 2 || report.Waits[0] <= 0:
		t.Errorf("waits %v, want two above 0", report.Waits)
	}
	if b := report.Burst; b.Machines < 1 || b.Last < b.First || b.Ready < b.Last || b.Requests <= 0 || b.Gone <= 0 || b.GroupBytes == 0 {
		t.Errorf("a burst of pods: %s", b)
	}
	if columns := strings.Count(strings.SplitN(scale.Header, "\n", 2)[0], "|"); strings.Count(report.Row(time.Minute), "|") != columns {
		t.Errorf("row %q does not have the header's %d columns", report.Row(time.Minute), columns-1)
	}
}
