package control

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
)

// account reads the Secret with the account's credentials.
type account struct {
	Client   client.Client
	Cloud    *cloud.Cloud
	arrivals *arrivals
	// secret names the Secret.
	secret types.NamespacedName
}

func newAccount(d *Deps) account {
	return account{d.Client, d.Cloud, d.arrivals, types.NamespacedName{Namespace: d.Options.Namespace, Name: d.Options.SecretName}}
}

// loadAccount hands the Secret to the cloud, which takes notice only when it has
// changed. Whoever is woken by the Secret calls it first, so that no step works
// with credentials older than its event.
func (d account) loadAccount(ctx context.Context) error {
	var s corev1.Secret
	err := d.Client.Get(ctx, d.secret, &s)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading secret %s: %w", d.secret, err)
	}
	data := s.Data
	if err != nil {
		data = nil
	} else if data == nil {
		data = map[string][]byte{}
	}
	if again := d.Cloud.Configured(); d.Cloud.Configure(data) {
		if again {
			d.arrivals.orders.lift(d.Cloud.Fingerprint())
		}
		logf.FromContext(ctx).Info("account configured", "secret", d.secret.String(), "found", err == nil)
		if warning := d.Cloud.ProxyWarning(); warning != "" {
			logf.FromContext(ctx).Error(nil, warning)
		}
	}
	return nil
}
