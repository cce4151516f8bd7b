package chaos

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"
)

var (
	length = flag.Duration("chaos.length", 45*time.Second, "how long there is trouble")
	seed   = flag.Uint64("chaos.seed", 0, "the schedule's seed; 0 draws one")
	peace  = flag.Duration("chaos.rest", 4*time.Minute, "how long everything may take to come to rest afterwards")
	logs   = flag.String("chaos.logs", "", "where logs stay; empty keeps none")
	race   = flag.Bool("chaos.race", false, "build the controller with the race detector")
	least  = flag.Bool("chaos.full", false, "fail below 50 kills or 500 faults a minute")
)

// TestChaos lets everything go wrong and checks that nothing came of it.
func TestChaos(t *testing.T) {
	crlog.SetLogger(logr.Discard())
	dir := *logs
	if dir == "" {
		dir = t.TempDir()
	}
	binary := filepath.Join(t.TempDir(), "vpsie-autoscaler")
	build := exec.Command("go", "build", fmt.Sprintf("-race=%t", *race), "-o", binary, "./cmd/vpsie-autoscaler")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the controller: %v\n%s", err, output)
	}
	report, err := Run(t.Context(), Options{
		BinDir: cmp.Or(os.Getenv("BIN"), os.Getenv("KUBEBUILDER_ASSETS"), filepath.Join("..", "..", ".local", "bin")),
		Binary: binary, Dir: dir, Seed: cmp.Or(*seed, rand.Uint64()>>32), Length: *length, Patience: *peace, Say: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range report.Violations {
		t.Errorf("violation: %s", v)
	}
	if minutes := length.Minutes(); *least && (float64(report.Kills) < 50*minutes || float64(report.Faults) < 500*minutes) {
		t.Errorf("%d kills and %d faults are too few for %.0f minutes", report.Kills, report.Faults, minutes)
	}
	t.Logf("counts:%s", report.Counts)
	t.Log(report.Summary)
}
