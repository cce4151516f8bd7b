package control

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// loadAccount hands the Secret to the cloud, which takes notice only when it has
// changed. Whoever is woken by the Secret calls it first, so that no step works
// with credentials older than its event.
func (d Deps) loadAccount(ctx context.Context) error {
	var s corev1.Secret
	err := d.Client.Get(ctx, types.NamespacedName{Namespace: d.Options.Namespace, Name: d.Options.SecretName}, &s)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading secret %s/%s: %w", d.Options.Namespace, d.Options.SecretName, err)
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
		logf.FromContext(ctx).Info("account configured", "secret", d.Options.Namespace+"/"+d.Options.SecretName, "found", err == nil)
		if warning := d.Cloud.ProxyWarning(); warning != "" {
			logf.FromContext(ctx).Error(nil, warning)
		}
	}
	return nil
}
