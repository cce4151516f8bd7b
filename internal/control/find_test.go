package control

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// A VPS that is taken over would be deleted with the object, so only what this
// very object ordered may be.
func TestOnlyItsOwnVPSIsTakenOver(t *testing.T) {
	ordered := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-web-abcde", UID: "u1", CreationTimestamp: metav1.NewTime(ordered)}}
	mark := func(cluster, uid string) string {
		return cloud.Mark{ClusterID: cluster, Group: "web", Name: m.Name, UID: uid}.String()
	}
	r := newMachines(&Deps{Cloud: cloud.New(cloud.Options{ClusterID: "c1"})})
	for name, tc := range map[string]struct {
		notes   string
		created time.Time
		refusal string
	}{
		"its own":                       {notes: mark("c1", "u1"), created: ordered.Add(time.Second)},
		"its own, by a slow clock":      {notes: mark("c1", "u1"), created: ordered.Add(-time.Hour)},
		"notes not filled in yet":       {created: ordered.Add(time.Second)},
		"no notes, a clock a bit slow":  {created: ordered.Add(-clockSkew)},
		"no notes, age not known":       {},
		"no notes, older than itself":   {created: ordered.Add(-clockSkew - time.Second), refusal: "older than the VPSieNode"},
		"another cluster's":             {notes: mark("c2", "u1"), created: ordered, refusal: "not ordered by this cluster"},
		"an earlier object's":           {notes: mark("c1", "u0"), created: ordered, refusal: "another VPSieNode"},
		"somebody's, with notes of his": {notes: "mail server", created: ordered, refusal: "not ordered by this cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			sight := &cloud.Sight{VMs: []vpsie.VM{{ID: 7, Hostname: "Vpsie-Web-ABCDE", Notes: tc.notes, CreatedAt: tc.created}}}
			vm, _, err := r.find(m, sight)
			if tc.refusal == "" {
				if vm == nil || err != nil {
					t.Errorf("not taken: %v", err)
				}
				return
			}
			if vm != nil || err == nil || !strings.Contains(err.Error(), tc.refusal) {
				t.Errorf("taken %v, error %v; want a refusal with %q", vm, err, tc.refusal)
			}
		})
	}
}
