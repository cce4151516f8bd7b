package testenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// startTimeout is how long etcd or the API server may take to start on a busy machine.
const startTimeout = 2 * time.Minute

// Env is a running API server that knows NodeGroup and VPSieNode. Start makes it, Stop ends it.
// There are no controllers: no garbage collection, no scheduling, no service accounts' tokens.
type Env struct {
	// Config is the access of a cluster administrator (group system:masters).
	Config *rest.Config
	// Kubeconfig is the path of a kubeconfig file with the same access.
	Kubeconfig string
	// KubectlPath is the path of a kubectl of the API server's version.
	KubectlPath string
	// Scheme knows Kubernetes' own kinds and this project's.
	Scheme *runtime.Scheme

	environment *envtest.Environment
	dir         string
}

// Start starts etcd and the API server and installs the CustomResourceDefinitions of api/v1alpha1.
// The processes end with this one at the latest, however it ends.
func Start() (*Env, error) {
	working, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("starting the test environment: %w", err)
	}
	binaries, err := findBinaries(working)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "vpsie-testenv-")
	if err != nil {
		return nil, fmt.Errorf("starting the test environment: %w", err)
	}
	env := &Env{KubectlPath: filepath.Join(binaries, "kubectl"), Scheme: newScheme(), dir: dir}
	if err := env.start(binaries); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the test environment: %w", err), env.Stop())
	}
	return env, nil
}

func (e *Env) start(binaries string) error {
	crds, err := customResourceDefinitions()
	if err != nil {
		return err
	}
	e.environment = &envtest.Environment{
		CRDs: crds, Scheme: e.Scheme,
		ControlPlaneStartTimeout: startTimeout, ControlPlaneStopTimeout: startTimeout,
	}
	if err := e.placeControlPlane(binaries); err != nil {
		return err
	}
	if e.Config, err = e.environment.Start(); err != nil {
		return err
	}
	e.Kubeconfig = filepath.Join(e.dir, "kubeconfig")
	return os.WriteFile(e.Kubeconfig, e.environment.KubeConfig, 0o600)
}

// placeControlPlane has the components started guarded, with all they write below e.dir.
func (e *Env) placeControlPlane(binaries string) error {
	controlPlane := &e.environment.ControlPlane
	controlPlane.Etcd = &envtest.Etcd{DataDir: filepath.Join(e.dir, "etcd-data")}
	apiServer := controlPlane.GetAPIServer()
	apiServer.CertDir = filepath.Join(e.dir, "apiserver-certs")
	// With its cache the API server keeps whoever lists for up to a tenth of a second, until etcd says that nothing is missing from it.
	apiServer.Configure().Set("watch-cache", "false")
	controlPlane.KubectlPath = e.KubectlPath
	for _, dir := range []string{controlPlane.Etcd.DataDir, apiServer.CertDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("making a directory of the control plane: %w", err)
		}
	}
	var err error
	if controlPlane.Etcd.Path, err = guarded(filepath.Join(binaries, "etcd"), e.dir); err != nil {
		return err
	}
	apiServer.Path, err = guarded(filepath.Join(binaries, "kube-apiserver"), e.dir)
	return err
}

// Stop ends the processes and removes their files.
func (e *Env) Stop() error {
	var stopped error
	if e.environment != nil {
		stopped = e.environment.Stop()
	}
	return errors.Join(stopped, os.RemoveAll(e.dir))
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

func customResourceDefinitions() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	paths, err := fs.Glob(v1alpha1.CRDs, "crds/*.yaml")
	if err != nil {
		return nil, err
	}
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, path := range paths {
		text, err := fs.ReadFile(v1alpha1.CRDs, path)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, crd); err != nil {
			return nil, fmt.Errorf("decoding the CustomResourceDefinition %q: %w", path, err)
		}
		crds = append(crds, crd)
	}
	return crds, nil
}
