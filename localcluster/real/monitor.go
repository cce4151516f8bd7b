package real

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// reset presses the reset button of the guest whose monitor listens on the Unix socket (QEMU Machine Protocol).
func reset(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("reaching the guest's monitor: %w", err)
	}
	defer func() { _ = connection.Close() }()
	defer context.AfterFunc(ctx, func() { _ = connection.Close() })()
	answers := json.NewDecoder(connection)
	for _, command := range []string{"", "qmp_capabilities", "system_reset"} { // it greets first
		if command != "" {
			if _, err := fmt.Fprintf(connection, "{\"execute\": %q}\n", command); err != nil {
				return fmt.Errorf("sending %s to the guest's monitor: %w", command, err)
			}
		}
		var answer struct {
			Error *struct{ Desc string }
		}
		if err := answers.Decode(&answer); err != nil {
			return fmt.Errorf("reading the answer of the guest's monitor: %w", err)
		}
		if answer.Error != nil {
			return fmt.Errorf("resetting the guest: %s: %s", command, answer.Error.Desc)
		}
	}
	return nil
}
