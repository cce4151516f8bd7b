package localcluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// A probe returns nil when what it asks for is there.
type probe func(context.Context) error

// wait asks until the probe succeeds, ctx ends or a component dies, and says what it waited for.
func (c *Cluster) wait(ctx context.Context, what string, ask probe) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case failure := <-c.failed:
			return failure
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s (logs in %s): %w; the last answer was: %w", what, c.layout.logs, context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

func apiReady(client kubernetes.Interface) probe {
	return func(ctx context.Context) error {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	}
}

func defaultServiceAccount(client kubernetes.Interface) probe {
	return func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	}
}

// healthy asks a component's health page on loopback, whose certificate is its own and nobody else's.
func healthy(url string) probe {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // loopback, and nothing secret is sent
		DisableKeepAlives: true,
	}}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}
}
