package localcluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// authority is the certificate authority of one cluster; it signs the API server's certificate and those of its clients.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// identity is a certificate with its key, in PEM.
type identity struct{ cert, key []byte }

const (
	caCertFile     = "ca.crt"
	caKeyFile      = "ca.key"
	serverCertFile = "apiserver.crt"
	serverKeyFile  = "apiserver.key"
	proxyCertFile  = "front-proxy.crt"
	proxyKeyFile   = "front-proxy.key"
	saKeyFile      = "service-account.key"
	saPublicFile   = "service-account.pub"

	frontProxy = "front-proxy"
)

// newAuthority makes a fresh authority, the API server's certificate, which is good for the names besides the usual ones,
// and the service-account key, all written into dir.
func newAuthority(dir string, serviceIP net.IP, names ...string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the cluster's CA key: %w", err)
	}
	cert, err := certutil.NewSelfSignedCACert(certutil.Config{CommonName: "localcluster-ca"}, key)
	if err != nil {
		return nil, fmt.Errorf("making the cluster's CA certificate: %w", err)
	}
	ca := &authority{dir: dir, cert: cert, key: key}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the cluster's CA key: %w", err)
	}
	if err := ca.write(map[string][]byte{caCertFile: ca.certPEM(), caKeyFile: keyPEM}); err != nil {
		return nil, err
	}
	return ca, ca.writeServerFiles(serviceIP, names)
}

func (a *authority) writeServerFiles(serviceIP net.IP, names []string) error {
	server, err := a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: append([]string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}, names...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, serviceIP},
	})
	if err != nil {
		return err
	}
	proxy, err := a.client(frontProxy)
	if err != nil {
		return err
	}
	saKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the service-account key: %w", err)
	}
	saKeyPEM, err := keyutil.MarshalPrivateKeyToPEM(saKey)
	if err != nil {
		return fmt.Errorf("encoding the service-account key: %w", err)
	}
	saPublic, err := x509.MarshalPKIXPublicKey(saKey.Public())
	if err != nil {
		return fmt.Errorf("encoding the service-account public key: %w", err)
	}
	return a.write(map[string][]byte{
		serverCertFile: server.cert, serverKeyFile: server.key, proxyCertFile: proxy.cert, proxyKeyFile: proxy.key,
		saKeyFile:    saKeyPEM,
		saPublicFile: pem.EncodeToMemory(&pem.Block{Type: keyutil.PublicKeyBlockType, Bytes: saPublic}),
	})
}

// client issues a certificate by which the API server knows its bearer as the user name in the groups.
func (a *authority) client(name string, groups ...string) (identity, error) {
	return a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (a *authority) issue(template *x509.Certificate) (identity, error) {
	name := template.Subject.CommonName
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("making a key for %s: %w", name, err)
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return identity{}, fmt.Errorf("drawing a serial number for %s: %w", name, err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.NotBefore = a.cert.NotBefore
	template.NotAfter = time.Now().AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return identity{}, fmt.Errorf("signing the certificate of %s: %w", name, err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return identity{}, fmt.Errorf("encoding the key of %s: %w", name, err)
	}
	return identity{cert: pem.EncodeToMemory(&pem.Block{Type: certutil.CertificateBlockType, Bytes: der}), key: keyPEM}, nil
}

func (a *authority) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certutil.CertificateBlockType, Bytes: a.cert.Raw})
}

func (a *authority) path(file string) string { return filepath.Join(a.dir, file) }

func (a *authority) write(files map[string][]byte) error {
	for name, content := range files {
		if err := os.WriteFile(a.path(name), content, 0o600); err != nil {
			return fmt.Errorf("writing the cluster's certificates: %w", err)
		}
	}
	return nil
}
