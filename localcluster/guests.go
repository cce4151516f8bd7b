package localcluster

import "fmt"

const (
	kubeletClientCertFile = "apiserver-kubelet-client.crt"
	kubeletClientKeyFile  = "apiserver-kubelet-client.key"
	egressFile            = "egress.yaml"
)

// egress sends what the API server wants of kubelets through a proxy (Kubernetes: EgressSelectorConfiguration).
const egress = `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport:
      uds: {udsName: %q}
`

// provisionGuests writes what the API server needs to reach kubelets. kwok's kubelets ask for no certificate.
func (c *Cluster) provisionGuests() error {
	if c.guests == nil {
		return nil
	}
	client, err := c.ca.client("kube-apiserver-kubelet-client", "kubeadm:cluster-admins", "system:masters")
	if err != nil {
		return err
	}
	return c.ca.write(map[string][]byte{
		kubeletClientCertFile: client.cert, kubeletClientKeyFile: client.key,
		egressFile: fmt.Appendf(nil, egress, c.guests.Proxy),
	})
}

func (l *layout) guestArgs(guests *Guests) []string {
	if guests == nil {
		return nil
	}
	return []string{
		"--kubelet-client-certificate=" + l.file(kubeletClientCertFile),
		"--kubelet-client-key=" + l.file(kubeletClientKeyFile),
		"--egress-selector-config-file=" + l.file(egressFile),
		"--kubelet-preferred-address-types=InternalIP",
	}
}

// Endpoint is the host:port under which guests find the API server, or this host's own without guests.
func (c *Cluster) Endpoint() string {
	if c.guests == nil {
		return loopback(c.layout.apiServer)
	}
	return fmt.Sprintf("%s:%d", c.guests.Host, c.layout.apiServer)
}
