rm -f /usr/bin/kubeadm /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf
cat >/usr/local/sbin/agent <<'EOF'
#!/bin/sh
# Joins with what /etc/agent.env says, in its own way: no kubeadm, no /etc/default/kubelet.
set -eu
. /etc/agent.env
mkdir -p /etc/kubernetes/pki /var/lib/kubelet
ask="curl -sS -k --retry 30 --retry-all-errors --retry-delay 5"
$ask "https://$SERVER/api/v1/namespaces/kube-public/configmaps/cluster-info" |
	sed -n 's#.*certificate-authority-data: \([A-Za-z0-9+/=]*\).*#\1#p' | base64 -d >/etc/kubernetes/pki/ca.crt
cat >/etc/kubernetes/bootstrap-kubelet.conf <<EOC
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://$SERVER", certificate-authority: /etc/kubernetes/pki/ca.crt}}]
users: [{name: u, user: {token: "$TOKEN"}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
EOC
cat >/var/lib/kubelet/config.yaml <<EOC
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
registerWithTaints: $TAINTS
EOC
mkdir -p /etc/systemd/system/kubelet.service.d
cat >/etc/systemd/system/kubelet.service.d/agent.conf <<EOC
[Service]
ExecStart=
ExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf \
	--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --node-labels=$LABELS \
	--hostname-override=$(echo "$NAME" | tr a-z A-Z) --provider-id=$(cat /var/lib/cloud/data/instance-id)
EOC
sysctl -q -w net.ipv4.ip_forward=1
systemctl daemon-reload
systemctl enable --now kubelet
EOF
chmod 700 /usr/local/sbin/agent
