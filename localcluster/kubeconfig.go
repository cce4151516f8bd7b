package localcluster

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// restConfig returns how to reach the API server at host as who. Rate limits are off: the only ones who would be
// protected are the caller's own processes.
func restConfig(host string, ca *authority, who identity) *rest.Config {
	return &rest.Config{
		Host:            host,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca.certPEM(), CertData: who.cert, KeyData: who.key},
		QPS:             -1,
	}
}

// writeKubeconfig writes a self-contained kubeconfig (no paths in it) for who to file.
func writeKubeconfig(file, host string, ca *authority, who identity) error {
	const name = "localcluster"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: host, CertificateAuthorityData: ca.certPEM()}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: who.cert, ClientKeyData: who.key}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return fmt.Errorf("writing the kubeconfig %s: %w", file, err)
	}
	return nil
}

// WriteKubeconfig writes a kubeconfig to file by which the API server knows its bearer as the user name in the groups. A
// ServiceAccount's user name is "system:serviceaccount:<namespace>:<name>".
func (c *Cluster) WriteKubeconfig(file, name string, groups ...string) error {
	who, err := c.ca.client(name, groups...)
	if err != nil {
		return err
	}
	return writeKubeconfig(file, c.layout.apiURL(), c.ca, who)
}
