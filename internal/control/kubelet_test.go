package control

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Settings of the kubelet are in the order's user data, and the VPSieNode says with which its machine was made. Where the
// user data has no place for them nothing is bought.
func TestKubeletSettingsReachTheMachine(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
			g.Spec.Kubelet = &v1alpha1.Kubelet{MaxPods: new(int32(30)), KubeReserved: v1alpha1.Reserved{"cpu": resource.MustParse("50m")}}
			g.Spec.UserData = "#!/bin/sh"
		})
		s.replicas, s.due["scheduler"] = 1, s.clock.Now()
		s.run(time.Minute)
		if n := len(s.vpsieNodes()); n != 0 {
			s.Errorf("%d machines are ordered without their kubelet's settings", n)
		}
		g := s.groupNow()
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status != "True" || !strings.Contains(c.Message, "spec.kubelet would have no effect") {
			s.Errorf("%+v", c)
		}
		s.userDataOf("{{.KubeletConfig}}")
		s.run(5 * time.Minute)
		machines := s.vpsieNodes()
		if len(machines) != 1 {
			s.Fatalf("%d machines", len(machines))
		}
		if got := machines[0].Annotations[v1alpha1.AnnotationKubelet]; got != `{"maxPods":30,"kubeReserved":{"cpu":"50m"}}` {
			s.Errorf("annotation %s", got)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if text := s.userData[machines[0].Name]; !strings.Contains(text, `"maxPods":30,"kubeReserved":{"cpu":"50m"}}`) {
			s.Errorf("user data %q", text)
		}
	})
}
