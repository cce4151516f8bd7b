// Package gitops_test holds what other tools read of our objects against what the documentation tells them.
package gitops_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// healthScript is the health check of docs/gitops.md, as Argo CD gets it.
func healthScript(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		var object struct{ Data map[string]string }
		if err := yaml.Unmarshal([]byte(block[1]), &object); err != nil {
			t.Fatal(err)
		}
		if script := object.Data["resource.customizations.health.autoscaler.vpsie.com_NodeGroup"]; script != "" {
			return script
		}
	}
	t.Fatal("docs/gitops.md has no health check")
	return ""
}

// health runs the script as Argo CD does: with the object as the global obj, in an interpreter of Lua 5.1.
func health(t *testing.T, script string, g *v1alpha1.NodeGroup) (status, message string) {
	t.Helper()
	text, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	var object any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	l := lua.NewState()
	defer l.Close()
	l.SetGlobal("obj", toLua(l, object))
	if err := l.DoString(script); err != nil {
		t.Fatal(err)
	}
	result, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returns %s", l.Get(-1))
	}
	return lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message"))
}

func toLua(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := l.NewTable()
		for key, inner := range v {
			table.RawSetString(key, toLua(l, inner))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, inner := range v {
			table.Append(toLua(l, inner))
		}
		return table
	case string:
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	}
	return lua.LNil
}

// TestArgoCDHealth holds the health check of the documentation against the statuses that the controller writes.
func TestArgoCDHealth(t *testing.T) {
	script := healthScript(t)
	ready := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady, Conditions: []metav1.Condition{{Type: v1alpha1.VPSieNodeNodeReady, Status: metav1.ConditionTrue}}}}
	broken := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady}}
	coming := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseProvisioning}}
	for name, tc := range map[string]struct {
		view            observe.GroupView
		edited, unseen  bool
		status, message string
	}{
		"not looked at yet": {unseen: true, status: "Progressing", message: "Waiting for the autoscaler"},
		"edited since":      {view: observe.GroupView{Machines: []*v1alpha1.VPSieNode{ready}}, edited: true, status: "Progressing", message: "Waiting for the autoscaler"},
		"all is well":       {view: observe.GroupView{Machines: []*v1alpha1.VPSieNode{ready}}, status: "Healthy", message: "All nodes are ready"},
		"empty":             {status: "Healthy"},
		"a node is coming":  {view: observe.GroupView{Machines: []*v1alpha1.VPSieNode{ready, coming}}, status: "Progressing", message: "1 node on the way"},
		"a node is broken":  {view: observe.GroupView{Machines: []*v1alpha1.VPSieNode{broken}}, status: "Progressing", message: "were ready and are not now"},
		"nothing is sold":   {view: observe.GroupView{Fault: "Instance type not available: x", FaultReason: "InstanceTypeNotAvailable"}, status: "Degraded", message: "Instance type not available: x"},
		"paused":            {view: observe.GroupView{Machines: []*v1alpha1.VPSieNode{ready}, Paused: true}, status: "Suspended", message: "nothing is bought or removed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "workers", Generation: 7}}
			tc.view.Group, tc.view.Max, tc.view.Now = g, 5, time.Unix(0, 0)
			tc.view.Price = func(*v1alpha1.VPSieNode) plan.Money { return 0 }
			if !tc.unseen {
				g.Status = tc.view.Status()
			}
			if tc.edited {
				g.Generation++
			}
			status, message := health(t, script, g)
			if status != tc.status || !strings.Contains(message, tc.message) {
				t.Errorf("%s: %q, want %s with %q", status, message, tc.status, tc.message)
			}
		})
	}
}
