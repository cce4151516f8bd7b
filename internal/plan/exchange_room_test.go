package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// TestRehearsalsAreRepeatedInTheirOrder: before its machines are bought an exchange is rehearsed in two orders of targets, in which machines
// that have no names yet stand by group and offer. Once they have names, which come by chance, the same orders are tried: in another one a
// pod may be left without room, and machines that were bought for nothing would go again.
func TestRehearsalsAreRepeatedInTheirOrder(t *testing.T) {
	web, db := &group{Group: &Group{Name: "web"}}, &group{Group: &Group{Name: "db"}}
	machine := func(name string, g *group, instanceType string) *host {
		return &host{NodeInfo: filter.NodeInfo{Name: name}, group: g, node: &Node{Name: name, InstanceType: instanceType}}
	}
	one, two := machine("m", web, "large"), machine("n", web, "small")
	small, large, other := machine("a", web, "small"), machine("b", web, "large"), machine("c", db, "small")
	r := &remover{targets: []*host{small, one, large, other, two}}
	var orders []string
	for _, order := range r.rehearsed(&exchange{machines: []*host{small, other, large}}) {
		var names []string
		for _, h := range order {
			names = append(names, h.Name)
		}
		orders = append(orders, strings.Join(names, " "))
	}
	if want := []string{"m n c b a", "c b a m n"}; !slices.Equal(orders, want) {
		t.Errorf("the orders are %q, want %q", orders, want)
	}
}
