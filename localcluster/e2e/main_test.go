package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// bed is what all tests share: one control plane and one cloud. Each test starts controllers of its own.
type bed struct {
	*stack.Stack
	client client.WithWatch
	binary string
	dir    string
}

var shared *bed

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "vpsie-autoscaler-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	shared = &bed{dir: dir, binary: filepath.Join(dir, "vpsie-autoscaler")}
	build := exec.Command("go", "build", "-o", shared.binary, "./cmd/vpsie-autoscaler")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the controller: %w\n%s", err, output)
	}
	shared.Stack, err = stack.Start(context.Background(), stack.Options{
		BinDir: cmp.Or(os.Getenv("BIN"), os.Getenv("KUBEBUILDER_ASSETS"), filepath.Join("..", "..", ".local", "bin")),
		Dir:    dir,
		// Every stage of a machine's life lasts long enough to be seen.
		Knobs: vpsietest.Knobs{CreateMillis: 150, BootMillis: 150, ReadyMillis: 100, DeleteMillis: 150, VPCMillis: 150},
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := shared.Stop(); err == nil {
			err = e
		}
	}()
	crlog.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	shared.client, err = client.NewWithWatch(shared.Cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return 0, err
	}
	return m.Run(), nil
}
