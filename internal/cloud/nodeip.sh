#!/bin/sh
# Hands the kubelet the address that its node registers with. It fails while the machine
# does not have the address, and is tried again.
set -eu
kind={{.NodeIP}}
vpc={{.VPCRange}}
file=/etc/default/kubelet

# Interfaces of container networks are not the machine's.
address=$(ip -4 -o address show scope global | awk -v kind="$kind" -v vpc="$vpc" '
  function number(a, p) { split(a, p, "."); return ((p[1] * 256 + p[2]) * 256 + p[3]) * 256 + p[4] }
  function within(a, range, p, size) {
    if (range == "") return 0
    split(range, p, "/"); size = 2 ^ (32 - p[2])
    return int(number(a) / size) == int(number(p[1]) / size)
  }
  function private(a) {
    return within(a, "10.0.0.0/8") || within(a, "172.16.0.0/12") || within(a, "192.168.0.0/16") || within(a, "100.64.0.0/10")
  }
  $2 ~ /^(br-|cali|cilium|cni|docker|flannel|kube|lxc|nodelocaldns|podman|tunl|veth|virbr|vxlan|weave|wg)/ { next }
  {
    split($4, parts, "/"); a = parts[1]
    if (kind == "VPC" && within(a, vpc) || kind == "Public" && !private(a) && !within(a, vpc) ||
      kind == "Private" && private(a) && !within(a, vpc)) { print a; exit }
  }')
if [ -z "$address" ]; then
  echo "vpsie-node-ip: the machine has no address of kind $kind yet" >&2
  exit 1
fi
flag='--node-ip'
grep -q '^KUBELET_EXTRA_ARGS=' "$file" || echo 'KUBELET_EXTRA_ARGS=' >>"$file"
sed -i -e "/^KUBELET_EXTRA_ARGS=/s/ *$flag=[^ \"]*//" -e "s/^\(KUBELET_EXTRA_ARGS=\"\{0,1\}\) */\1$flag=$address /" "$file"
