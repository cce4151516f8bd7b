package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// machinesPath is where VPSes are listed and deleted; the fake cloud takes a fault of orders there for all order routes.
const machinesPath = "/apps/v2/vm"

// counter stands between the controllers and the cloud and keeps what they ask for.
type counter struct {
	// check sees the identifier of each VPS that is about to be deleted.
	check func(identifier string)

	mu     sync.Mutex
	orders []order
}

// order is one request for a VPS or for its deletion.
type order struct {
	at       time.Time
	replica  int
	method   string
	hostname string // of an order
	vps      string // of a deletion
	status   int    // 0 when the answer never came
}

func (c *counter) way(replica func() int, g *gate, target string, transport http.RoundTripper) (*way, error) {
	w, err := newWay(replica, g, target, transport)
	if err != nil {
		return nil, err
	}
	w.steps = func(r *http.Request) bool {
		return vpsietest.IsOrder(r.Method, r.URL.Path) || r.URL.Path == machinesPath && r.Method == http.MethodDelete
	}
	w.note = func(r *http.Request) {
		if w.steps(r) {
			c.note(replica(), r)
		}
	}
	w.spoil = func(http.ResponseWriter, *http.Request) bool { return false } // the cloud does it
	w.proxy.ModifyResponse = func(response *http.Response) error {
		if i, ok := response.Request.Context().Value(orderKey{}).(int); ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.orders[i].status = response.StatusCode
		}
		return nil
	}
	return w, nil
}

type orderKey struct{}

func (c *counter) note(replica int, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the controller died while it wrote
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	var body struct{ Hostname, VMIdentifier string }
	_ = json.Unmarshal(content, &body) // the cloud judges it
	if r.Method == http.MethodDelete {
		c.check(body.VMIdentifier)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orders = append(c.orders, order{time.Now(), replica, r.Method, body.Hostname, body.VMIdentifier, 0})
	*r = *r.WithContext(withOrder(r.Context(), len(c.orders)-1))
}

// of lists the requests about a VPS.
func (c *counter) of(hostname, identifier string) []order {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []order
	for _, o := range c.orders {
		if o.hostname != "" && o.hostname == hostname || o.vps != "" && o.vps == identifier {
			found = append(found, o)
		}
	}
	return found
}

func withOrder(ctx context.Context, i int) context.Context {
	return context.WithValue(ctx, orderKey{}, i)
}
