package cluster

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	clocks "k8s.io/utils/clock"
)

// versionTTL is how long an API server's version is taken as current.
const versionTTL = 5 * time.Minute

// Version is an API server's version, which changes when a control plane is upgraded.
type Version struct {
	client discovery.ServerVersionInterface
	clock  clocks.PassiveClock

	mu    sync.Mutex
	last  string
	asked time.Time
}

// AskVersion asks the API server for its version.
func AskVersion(config *rest.Config, clock clocks.PassiveClock) (*Version, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("asking for the API server's version: %w", err)
	}
	v := &Version{client: client, clock: clock}
	if err := v.ask(); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Version) ask() error {
	v.asked = v.clock.Now()
	info, err := v.client.ServerVersion()
	if err != nil {
		return fmt.Errorf("asking for the API server's version: %w", err)
	}
	v.last = info.Major + "." + strings.TrimSuffix(info.Minor, "+")
	return nil
}

// String is the version as major.minor, as it was at most some minutes ago. While the API server does
// not answer, it is the last one known.
func (v *Version) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.clock.Since(v.asked) > versionTTL {
		_ = v.ask() // The last one will do until the next time.
	}
	return v.last
}
