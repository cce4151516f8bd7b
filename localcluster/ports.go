package localcluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are drawn below the range from which kernels give out ephemeral ports: a port of that range can be taken by any
// outgoing connection between the moment it is found free and the moment the component listens on it.
const (
	firstPort = 12000
	lastPort  = 31999
)

// FreePorts returns n different TCP ports on 127.0.0.1 on which nobody listens at the moment.
func FreePorts(ctx context.Context, n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range 20*n + 100 {
		if len(ports) == n {
			return ports, nil
		}
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(port))
		if err != nil {
			continue
		}
		// Held until all are drawn, so that no port is drawn twice.
		defer func() { _ = listener.Close() }()
		ports = append(ports, port)
	}
	if len(ports) == n {
		return ports, nil
	}
	return nil, fmt.Errorf("finding %d free ports between %d and %d on 127.0.0.1: found only %d", n, firstPort, lastPort, len(ports))
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
