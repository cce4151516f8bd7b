package real

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// The API server reaches a guest's kubelet by the address that the guest has, and nobody else's.
func TestProxyLeadsToTheGuestWithTheAddress(t *testing.T) {
	kubelet := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "kubelet at ", r.Host)
	}))
	defer kubelet.Close()
	guests := &Guests{guests: map[string]*guest{"a": {
		machine: vpsietest.Machine{Hostname: "a", IPv4: "198.18.0.10"}, kubelet: kubelet.Listener.Addr().(*net.TCPAddr).Port,
	}}}
	dir, err := os.MkdirTemp("", "proxy-") // t.TempDir's paths are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	if err := guests.serveProxy(t.Context(), socket); err != nil {
		t.Fatal(err)
	}
	transport := kubelet.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy"})
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	ask := func(address string) (string, error) {
		response, err := (&http.Client{Transport: transport}).Get("https://" + address + "/")
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	if got, err := ask("198.18.0.10:10250"); err != nil || got != "kubelet at 198.18.0.10:10250" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, stranger := range []string{"198.18.0.11:10250", "198.18.0.10:22"} {
		if _, err := ask(stranger); err == nil || !strings.Contains(err.Error(), "Bad Gateway") {
			t.Errorf("%s is no guest's kubelet, got the error %v", stranger, err)
		}
	}
}
