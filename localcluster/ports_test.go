package localcluster

import (
	"net"
	"testing"
)

func TestFreePortsAreDifferentAndFree(t *testing.T) {
	// Of so many, some would be drawn twice if nothing kept them apart.
	ports, err := FreePorts(t.Context(), 500)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, port := range ports {
		if seen[port] {
			t.Errorf("port %d is given twice", port)
		}
		seen[port] = true
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", loopback(port))
		if err != nil {
			t.Errorf("port %d is not free: %v", port, err)
			continue
		}
		defer func() { _ = listener.Close() }()
	}
}
