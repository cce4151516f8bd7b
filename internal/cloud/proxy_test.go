package cloud

import (
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestPlainHTTPThroughAProxyWarns(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	w.cloud.opts.AllowPlainHTTP = true
	t.Setenv("HTTP_PROXY", "http://user:proxy-password@proxy.example.com:3128")
	t.Setenv("NO_PROXY", "internal.example.com")
	for url, warns := range map[string]bool{
		"http://api.example.com": true, "https://api.example.com": false, "http://internal.example.com": false, "http://127.0.0.1:1": false,
	} {
		account := accountOf(w.fake)
		account[KeyURL] = []byte(url)
		w.cloud.Configure(account)
		got := w.cloud.ProxyWarning()
		if (got != "") != warns || strings.Contains(got, "proxy-password") {
			t.Errorf("%s: %q, want a warning: %v", url, got, warns)
		}
	}
}
