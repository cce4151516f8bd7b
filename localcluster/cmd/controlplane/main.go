// Command controlplane is a whole Kubernetes control plane in one binary: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, kubectl and kwok, chosen by the name it is called under.
//
// One binary links the code they share once, which halves the build and the disk space, and with a symlink per
// component it is what controller-runtime's envtest looks for in KUBEBUILDER_ASSETS.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata" // CronJob time zones must not depend on the machine's zone files.

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client-go's metrics on each /metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // kubernetes_build_info
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// component returns what to run for a name, which is the base name of the path the binary was called by.
func component(name string) (func(args []string) int, bool) {
	switch name {
	case "etcd":
		return func(args []string) int { etcdmain.Main(args); return 0 }, true
	case "kube-apiserver":
		return cobraComponent(apiserver.NewAPIServerCommand), true
	case "kube-controller-manager":
		return cobraComponent(controllermanager.NewControllerManagerCommand), true
	case "kube-scheduler":
		return cobraComponent(func() *cobra.Command { return scheduler.NewSchedulerCommand() }), true
	case "kubectl":
		return kubectl, true
	case "kwok":
		return kwok, true
	}
	return nil, false
}

func names() []string {
	return []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"}
}

func cobraComponent(command func() *cobra.Command) func([]string) int {
	return func([]string) int { return cli.Run(command()) }
}

func main() {
	args := os.Args
	// "controlplane kubectl get nodes" serves where symlinks cannot be made.
	if len(args) > 1 && slices.Contains(names(), args[1]) {
		args = args[1:]
	}
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	run, known := component(name)
	if !known {
		fmt.Fprintf(os.Stderr, "%s is not a component: call this binary by a symlink, or with a first argument, named one of %s\n",
			name, strings.Join(names(), ", "))
		os.Exit(2)
	}
	os.Args = args
	os.Exit(run(args))
}
