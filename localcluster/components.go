package localcluster

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Service addresses of the cluster. Nothing routes them; the API server's own is the first one.
const serviceCIDR = "10.96.0.0/16"

//go:embed stages.yaml
var kwokStages []byte

// layout says where one cluster keeps its files and which ports it uses.
type layout struct {
	bin, pki, data, logs                                        string
	etcd, etcdPeer, apiServer, controllers, scheduler, kubelets int
	// env is what the components have in their environment besides this process's.
	env []string
}

// newLayout makes the directories below dir and draws the ports.
func newLayout(ctx context.Context, bin, dir string, large bool) (*layout, error) {
	l := &layout{bin: bin, pki: filepath.Join(dir, "pki"), data: filepath.Join(dir, "data"), logs: filepath.Join(dir, "logs")}
	l.env = []string{"HOME=" + l.data} // kwok would read a person's own ~/.kwok/kwok.yaml
	if !large {
		l.env = append(l.env, rareCollection()...)
	}
	for _, d := range []string{l.pki, l.data, l.logs} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("making the cluster's directory: %w", err)
		}
	}
	ports, err := FreePorts(ctx, 6)
	if err != nil {
		return nil, err
	}
	l.etcd, l.etcdPeer, l.apiServer, l.controllers, l.scheduler, l.kubelets = ports[0], ports[1], ports[2], ports[3], ports[4], ports[5]
	return l, nil
}

func (l *layout) kubeconfig(component string) string {
	return filepath.Join(l.pki, component+".kubeconfig")
}
func (l *layout) file(name string) string { return filepath.Join(l.pki, name) }
func (l *layout) apiURL() string          { return "https://" + loopback(l.apiServer) }

// rareCollection is how the components of a small cluster collect garbage. As they usually do, the API server would spend a
// third of its processor time on collecting a few hundred megabytes. Near the limit they collect as often as they must, so
// that it is not for a state that does not fit.
func rareCollection() []string { return []string{"GOGC=400", "GOMEMLIMIT=3GiB"} }

// spawn starts a component by its symlink in the binaries' directory.
func (l *layout) spawn(name string, args ...string) (*Process, error) {
	return StartProcess(name, filepath.Join(l.logs, name+".log"), l.env, filepath.Join(l.bin, name), args...)
}

func (l *layout) etcdArgs() []string {
	client, peer := "http://"+loopback(l.etcd), "http://"+loopback(l.etcdPeer)
	return []string{
		"--name=localcluster",
		"--data-dir=" + filepath.Join(l.data, "etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=localcluster=" + peer,
		"--unsafe-no-fsync", // the data does not outlive the cluster
		"--log-level=warn",
	}
}

func (l *layout) apiServerArgs() []string {
	return []string{
		"--etcd-servers=http://" + loopback(l.etcd),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", l.apiServer),
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // a loopback address is no valid endpoint of the kubernetes Service
		"--service-cluster-ip-range=" + serviceCIDR,
		"--tls-cert-file=" + l.file(serverCertFile),
		"--tls-private-key-file=" + l.file(serverKeyFile),
		"--client-ca-file=" + l.file(caCertFile),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + l.file(saPublicFile),
		"--service-account-signing-key-file=" + l.file(saKeyFile),
		// The same authority vouches for the front proxy, so that aggregated APIs such as metrics.k8s.io can be served.
		"--requestheader-client-ca-file=" + l.file(caCertFile),
		"--requestheader-allowed-names=" + frontProxy,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + l.file(proxyCertFile),
		"--proxy-client-key-file=" + l.file(proxyKeyFile),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--enable-bootstrap-token-auth",
		"--allow-privileged",
		"--profiling=false",
	}
}

func (l *layout) controllerManagerArgs(nodeGrace time.Duration) []string {
	config := l.kubeconfig("kube-controller-manager")
	return []string{
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", l.controllers),
		"--leader-elect=false",
		"--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
		"--use-service-account-credentials", // its own user may do nothing but make tokens for its controllers
		"--service-account-private-key-file=" + l.file(saKeyFile),
		"--root-ca-file=" + l.file(caCertFile),
		"--cluster-signing-cert-file=" + l.file(caCertFile),
		"--cluster-signing-key-file=" + l.file(caKeyFile),
		"--node-monitor-period=1s",
		"--node-monitor-grace-period=" + nodeGrace.String(),
		"--profiling=false",
	}
}

func (l *layout) schedulerArgs() []string {
	config := l.kubeconfig("kube-scheduler")
	return []string{
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", l.scheduler),
		"--leader-elect=false",
		"--profiling=false",
	}
}

func (l *layout) kwokArgs(nodeGrace time.Duration) ([]string, error) {
	stages := filepath.Join(l.data, "kwok.yaml")
	if err := os.WriteFile(stages, kwokStages, 0o600); err != nil {
		return nil, fmt.Errorf("writing kwok's stages: %w", err)
	}
	return []string{
		"--kubeconfig=" + l.kubeconfig("kwok"),
		"--config=" + stages,
		"--manage-nodes-with-label-selector=" + KubeletLabel,
		"--server-address=" + loopback(l.kubelets),
		"--cidr=10.128.0.0/9",
		// kwok renews a lease four times in its duration, so nodes survive the loss of three renewals.
		fmt.Sprintf("--node-lease-duration-seconds=%d", int(nodeGrace.Seconds())),
	}, nil
}

// firstServiceIP is the address that the API server takes for the kubernetes Service.
func firstServiceIP() net.IP {
	ip, _, _ := net.ParseCIDR(serviceCIDR)
	return net.IPv4(ip.To4()[0], ip.To4()[1], ip.To4()[2], ip.To4()[3]+1)
}
