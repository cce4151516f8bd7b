package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// chains tells a world of chains of pods: each pod but the first has to be beside the
// one before, by hostname or by zone.
func chains(t *testing.T, seed uint64, number, length int, key string) *story {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	lines := []string{
		"offer s cpu=2 memory=4096 price=12 zone=a", "offer m cpu=4 memory=8192 price=23 zone=a",
		"offer l cpu=8 memory=16384 price=45 zone=b", "offer x cpu=16 memory=32768 price=88 zone=b",
		"group web max=500 offers=s,m,l,x mixed",
	}
	for c := range number {
		for i := range length {
			near := ""
			if i > 0 {
				near = fmt.Sprintf(" near=%s/app=c%d-%d", key, c, i-1)
			}
			lines = append(lines, fmt.Sprintf("pod c%d-%d cpu=%dm memory=%dMi%s", c, i, 50+r.IntN(6)*50, 64+r.IntN(8)*64, near))
		}
	}
	s := newStory()
	for _, line := range lines {
		if err := s.line(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return s
}

// Every pod of a chain gets a place in one decision, and stays with the one before it.
func TestChainsOfAffinityArePlacedWhole(t *testing.T) {
	for _, key := range []string{"host", "zone"} {
		for _, number := range []int{1, 7, 40, 100} {
			t.Run(fmt.Sprintf("%d by %s", number, key), func(t *testing.T) {
				const length = 10
				s := chains(t, uint64(number), number, length, key)
				p := Decide(&s.state)
				if len(p.Unplaced) > 0 {
					t.Errorf("%d of %d pods have no place, such as %+v", len(p.Unplaced), number*length, p.Unplaced[0])
				}
				where := map[string]string{}
				for _, l := range p.Launches {
					for _, pod := range l.Pods {
						where[pod] = l.Name
						if key == "zone" {
							where[pod] = s.offerZone(l.InstanceType)
						}
					}
				}
				for c := range number {
					for i := 1; i < length; i++ {
						one, before := where[fmt.Sprintf("default/c%d-%d", c, i)], where[fmt.Sprintf("default/c%d-%d", c, i-1)]
						if one != before {
							t.Fatalf("pod %d of chain %d is on %s, the one before it on %s", i, c, one, before)
						}
					}
				}
				if after, least := float64(p.Cost.After), float64(p.Cost.LowerBound); number >= 40 && after > 1.2*least {
					t.Errorf("the plan costs %s an hour, at least %s are needed", p.Cost.After, p.Cost.LowerBound)
				}
			})
		}
	}
}

func (s *story) offerZone(instanceType string) string {
	for _, o := range s.state.Offers {
		if o.InstanceType == instanceType {
			return o.Labels["topology.kubernetes.io/zone"]
		}
	}
	return ""
}

// Pods that no single node takes together are packed pod by pod, as are those beside
// pods that have a place.
func TestCompanionsThatFitNoNodeTogether(t *testing.T) {
	s := newStory()
	for line := range strings.Lines(`
offer s cpu=4 memory=8192 price=12
group web max=500 offers=s mixed
node n1 group=web type=s
pod there cpu=1 node=n1
pod beside x2 cpu=1100m near=host/app=there
pod a x30 cpu=1
pod b x30 cpu=500m near=host/app=a`) {
		if err := s.line(strings.TrimSpace(line)); err != nil {
			t.Fatal(err)
		}
	}
	p := Decide(&s.state)
	if len(p.Unplaced) > 0 {
		t.Errorf("%d pods have no place: %+v", len(p.Unplaced), p.Unplaced[0])
	}
}
