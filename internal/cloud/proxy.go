package cloud

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// ProxyWarning says that requests in clear text go through a proxy of the environment, which then reads the account's token
// and password; empty when they do not.
func (c *Cloud) ProxyWarning() string {
	u, err := url.Parse(c.URL())
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return ""
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(u)
	if err != nil || proxy == nil {
		return ""
	}
	return fmt.Sprintf("the VPSie API is called over plain http through the proxy %s, which can read the token and the account password", proxy.Host)
}
