package localcluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/client-go/kubernetes"
)

const (
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
)

// RestartAPIServer kills the API server, as a crash would, starts it again and returns when it is ready. Everybody's
// watches break; etcd keeps the objects and their resource versions.
func (c *Cluster) RestartAPIServer(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if err := c.killOnPurpose(apiServer); err != nil {
		return err
	}
	if err := c.spawn(apiServer, c.layout.apiServerArgs()...); err != nil {
		return err
	}
	return c.wait(ctx, "the API server to be ready again", apiReady(client))
}

// killOnPurpose ends a component whose end is then no failure of the cluster.
func (c *Cluster) killOnPurpose(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.processes, func(p *Process) bool { return p.name == name })
	if i < 0 {
		return errors.New("restarting " + name + ": it does not run")
	}
	p := c.processes[i]
	c.ended[p] = true
	c.processes = slices.Delete(c.processes, i, i+1)
	p.Kill()
	return nil
}

// mayRestart tells whether a component that has ended by itself is started again, and takes note.
func (c *Cluster) mayRestart(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.restarts == 0 || name != scheduler && name != controllerManager {
		return false
	}
	c.restarts--
	return true
}

// endedOnPurpose tells whether the cluster itself has ended the component.
func (c *Cluster) endedOnPurpose(p *Process) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended[p]
}
