#!/bin/sh
# Builds the local control plane into <root>/.local/bin: one binary, a symlink to it for each component, and the command
# localcluster, which starts them. KUBEBUILDER_ASSETS=<root>/.local/bin serves controller-runtime's envtest, too. Run it
# as often as you like: with nothing changed it takes a few seconds. It downloads Go modules and nothing else, and needs
# neither root nor Docker.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
bin=${1:-$here/../.local/bin}
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)
kubernetes=$(cd "$here" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=$(echo "$kubernetes" | cut -d. -f2)
kwok=$(cd "$here" && go list -m -f '{{.Version}}' sigs.k8s.io/kwok)
version=k8s.io/component-base/version

if [ ! -x "$bin/controlplane" ]; then
	echo "localcluster: building Kubernetes $kubernetes and kwok $kwok into $bin; the first build takes about ten minutes on two cores"
fi
started=$(date +%s)
# Flags that change how packages are compiled (-trimpath, CGO_ENABLED, -race) are left alone on purpose: with the defaults
# the build cache that this fills serves "go test" in this module too.
(cd "$here" && go build -o "$bin/controlplane" -ldflags "-s -w -X $version.gitVersion=$kubernetes \
	-X $version.gitMajor=1 -X $version.gitMinor=$minor -X $version.gitTreeState=clean" ./cmd/controlplane)
(cd "$here" && go build -o "$bin/localcluster" ./cmd/localcluster)
for component in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok; do
	ln -sf controlplane "$bin/$component"
done
echo "localcluster: control plane $kubernetes in $bin ($(($(date +%s) - started)) s)"
