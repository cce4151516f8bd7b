package scale

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

// profiles writes what the controller says of itself at /debug/pprof to files, for `go tool pprof`. A nil one writes nothing.
type profiles struct {
	address, dir string
}

func newProfiles(ctx context.Context, dir string) (*profiles, error) {
	ports, err := localcluster.FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	return &profiles{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0])), dir: dir}, nil
}

// processor takes the profile of the processor time over the length.
func (p *profiles) processor(ctx context.Context, name string, length time.Duration) error {
	return p.write(ctx, name+".cpu.pprof", fmt.Sprintf("profile?seconds=%d", max(int(length.Seconds()), 1)))
}

// heap takes the profile of what lives after a collection.
func (p *profiles) heap(ctx context.Context, name string) error {
	return p.write(ctx, name+".heap.pprof", "heap?gc=1")
}

func (p *profiles) write(ctx context.Context, name, what string) error {
	if p == nil {
		return nil
	}
	name = strings.ReplaceAll(name, " ", "-")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/debug/pprof/"+what, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("taking the profile %s: %w", name, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("taking the profile %s: %w", name, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("taking the profile %s: the controller answered %s", name, response.Status)
	}
	if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o600); err != nil {
		return fmt.Errorf("taking the profile %s: %w", name, err)
	}
	return nil
}
