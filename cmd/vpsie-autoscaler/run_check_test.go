package main

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
)

// What is wrong with the account is told before anything is bought: a project that does not exist stops buying until it is
// corrected, a key that is not read does not.
func TestTheAccountIsCheckedBeforeTheFirstPurchase(t *testing.T) {
	b := live(t)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: "vpsie-secret"}}
	b.patch(t, secret, `{"stringData":{"projectId":"nobodys","account_password":"x"}}`)
	restored := false
	restore := func() {
		if !restored {
			b.patch(t, secret, `{"data":{"projectId":null,"account_password":null}}`)
		}
		restored = true
	}
	t.Cleanup(restore)
	bought := len(b.cloud.Ledger().VMs)
	g := b.group(t, "checked", 2, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	b.condition(t, g, v1alpha1.NodeGroupError, "True", "AccountNotUsable")
	b.heard(t, g, corev1.EventTypeWarning, "CheckFailed", `no project "nobodys"`, "projectId", "account_password is not read; it looks like accountPassword")
	b.shows(t, equal(1), "vpsie_autoscaler_account_warnings", "check=project")
	b.shows(t, equal(1), "vpsie_autoscaler_account_warnings", "check=account")
	b.shows(t, equal(1), "vpsie_autoscaler_nodegroup_fault", "nodegroup=checked", "reason=AccountNotUsable")
	b.rounds(t, g)
	if n := len(b.cloud.Ledger().VMs) - bought; n != 0 {
		t.Errorf("%d VPSes were bought in a project that does not exist", n)
	}
	b.patch(t, secret, `{"data":{"projectId":null}}`)
	b.machines(t, g, 1)
	b.shows(t, equal(0), "vpsie_autoscaler_account_warnings", "check=project")
	b.shows(t, equal(1), "vpsie_autoscaler_account_warnings", "check=account")
	restore()
	b.shows(t, equal(0), "vpsie_autoscaler_account_warnings", "check=account")
}
