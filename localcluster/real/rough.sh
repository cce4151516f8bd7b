# Swap, now and after a reboot.
dd if=/dev/zero of=/swapfile bs=1M count=64 status=none
chmod 600 /swapfile
mkswap -q /swapfile
swapon /swapfile
echo '/swapfile none swap sw 0 0' >>/etc/fstab

# The name of the API server resolves only when kubeadm has looked for it in vain.
sed -i '/host\.localcluster\.test/d' /etc/hosts
{
	set +x
	until pgrep kubeadm >/dev/null; do sleep 0.2; done
	sleep 20
	echo '198.18.0.1 host.localcluster.test' >>/etc/hosts
	echo 'late-names: here'
} </dev/null &

# The first kubeadm dies when it has left its first files.
{
	set +x
	until [ -e /etc/kubernetes/pki/ca.crt ]; do sleep 0.1; done
	pkill -KILL kubeadm
	echo 'kill-kubeadm: killed'
} </dev/null &
