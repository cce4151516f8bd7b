package control

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// An accountFault is something that VPSie may do wrong, or that may be wrong with the account.
type accountFault struct {
	name string
	// knobs are switched on while it lasts, healed after it; rules spoil answers.
	knobs, healed string
	rules         []vpsietest.Fault
	secret        map[string]string // keys of the Secret that are wrong while it lasts
	silent        bool              // machines boot and do not register
	harmless      bool              // all that is wanted is bought all the same
	// asks says that it is found out by the answer to an order, mute that such an answer says nothing: together they are
	// not harmless.
	asks, mute bool
	// extra is how many VPSes it may make the controller buy beyond those that are wanted,
	// within four hours.
	extra int
}

// spoiling lets requests of that method and path be answered like this.
func spoiling(method, path string, f vpsietest.Fault) []vpsietest.Fault {
	f.Method, f.Path = method, path
	return []vpsietest.Fault{f}
}

// answering lets requests of that method and path have no effect, and this answer.
func answering(method, path, body string) []vpsietest.Fault {
	return spoiling(method, path, vpsietest.Fault{Status: 200, Body: json.RawMessage(body)})
}

// neverJoiningBound is how many machines may be bought in vain in four hours while none joins:
// three at first, then one at a time after growing pauses.
const neverJoiningBound = 12

// ordersLost is how many orders may be lost until buying stops.
const ordersLost = 2

// bought is how many VPSes VPSie has made or said to make.
func (s *sim) bought() int {
	taken := 0
	for _, q := range s.fake.Ledger().Requests {
		if vpsietest.IsOrder(q.Method, q.Path) && q.Status/100 == 2 && q.Fault == "" {
			taken++
		}
	}
	return max(taken, s.ordered())
}

// faultsOfOrders spoil what is bought.
func faultsOfOrders() []accountFault {
	order := func(f vpsietest.Fault) []vpsietest.Fault { return spoiling(http.MethodPost, ordersPath, f) }
	refusal := func(body string) []vpsietest.Fault {
		return order(vpsietest.Fault{Status: 400, Body: json.RawMessage(body)})
	}
	const chat = `{"error":false,"data":true,"message":"The creation is in progress"}`
	return []accountFault{
		{name: "machines never join", silent: true, extra: neverJoiningBound},
		{name: "machines boot for 40 minutes", knobs: `{"bootMillis":2400000}`, healed: `{"bootMillis":30000}`, extra: neverJoiningBound},
		{name: "user data is dropped", knobs: `{"dropUserData":true}`, healed: `{"dropUserData":false}`, extra: neverJoiningBound},
		{name: "orders are never listed", knobs: `{"neverAppear":100000}`, healed: `{"neverAppear":0}`, extra: ordersLost},
		{name: "a gap of 5 minutes", knobs: `{"gapSeconds":300}`, healed: `{"gapSeconds":0}`, harmless: true},
		{name: "a gap of 25 minutes", knobs: `{"gapSeconds":1500}`, healed: `{"gapSeconds":0}`, extra: ordersLost},
		{name: "quota", knobs: `{"quota":1}`, healed: `{"quota":0}`},
		{name: "sold out", knobs: `{"stock":{"` + small + `":0}}`, healed: `{"stock":{"` + small + `":null}}`},
		{name: "an empty balance", knobs: `{"balance":"0"}`, healed: `{"balance":""}`},
		{name: "no credit", rules: refusal(`{"error":true,"message":"please add credit"}`)},
		{name: "permission denied", rules: refusal(`{"error":true,"message":"permission denied"}`)},
		{name: "an unknown refusal", rules: refusal(`{"error":true,"message":"hostname is not valid"}`)},
		{name: "suspended", rules: answering(http.MethodPost, ordersPath, `{"error":false,"data":{"error":true,"message":"account suspended"}}`)},
		{name: "dialect A only", knobs: `{"orderDialect":"A"}`, healed: `{"orderDialect":"any"}`, harmless: true, asks: true},
		{name: "dialect B only", knobs: `{"orderDialect":"B"}`, healed: `{"orderDialect":"any"}`, harmless: true, asks: true},
		{name: "answers are lost after the effect", rules: order(vpsietest.Fault{Status: 0, Effect: "after"})},
		{name: "answers are lost before the effect", rules: order(vpsietest.Fault{Status: 0})},
		{name: "500 after the effect", rules: order(vpsietest.Fault{Status: 500, Effect: "after"})},
		{name: "500 without effect", rules: order(vpsietest.Fault{Status: 500})},
		{name: "chatty success", knobs: `{"chatty":true}`, healed: `{"chatty":false}`, harmless: true},
		{name: "success that says in progress", rules: order(vpsietest.Fault{Status: 200, Effect: "after", Body: json.RawMessage(chat)}), harmless: true, mute: true},
		{name: "success without effect", rules: order(vpsietest.Fault{Status: 200, Body: json.RawMessage(chat)})},
	}
}

// faultsOfAnswers spoil what is read, what is deleted, or everything.
func faultsOfAnswers() []accountFault {
	return []accountFault{
		{name: "an empty list", rules: answering(http.MethodGet, ordersPath, `{"error":false,"data":[],"total":0}`), extra: ordersLost},
		{name: "data false for the list", rules: answering(http.MethodGet, ordersPath, `{"error":false,"data":false}`)},
		{name: "data null for the list", rules: answering(http.MethodGet, ordersPath, `{"error":false,"data":null}`)},
		{name: "the newest three are not listed", knobs: `{"hiddenRows":3}`, healed: `{"hiddenRows":0}`, extra: ordersLost},
		{name: "the list is another project's", knobs: `{"listProject":"other"}`, healed: `{"listProject":""}`, extra: ordersLost},
		{name: "total above the rows", knobs: `{"totalExcess":5}`, healed: `{"totalExcess":0}`, harmless: true},
		{name: "pages of one", knobs: `{"pageSize":1}`, healed: `{"pageSize":0}`, harmless: true},
		{name: "no address and power 0", knobs: `{"hideState":true}`, healed: `{"hideState":false}`, harmless: true},
		{name: "no list of images", rules: spoiling(http.MethodGet, "/apps/v2/custom/images", vpsietest.Fault{Status: 500})},
		{name: "everything fails", rules: []vpsietest.Fault{{Status: 503}}},
		{name: "half of everything fails", rules: []vpsietest.Fault{{Status: 502, Probability: 0.5}}},
		{name: "half of the answers are lost after the effect", rules: []vpsietest.Fault{{Status: 0, Probability: 0.5, Effect: "after"}}},
		{name: "throttled", rules: []vpsietest.Fault{{Status: 429, Headers: map[string]string{"Retry-After": "30"}, Probability: 0.7}}},
		{name: "30 requests a minute", knobs: `{"requestsPerMinute":30}`, healed: `{"requestsPerMinute":0}`},
		{name: "deletions are ignored", rules: answering(http.MethodDelete, "", `{"error":false,"data":true,"message":"deletion is in progress"}`)},
		{name: "a wrong password", secret: map[string]string{cloud.KeyAccountPassword: "not-this-one"}},
		{name: "a wrong password, looked at last", knobs: `{"passwordAfterExistence":true}`, healed: `{"passwordAfterExistence":false}`, secret: map[string]string{cloud.KeyAccountPassword: "not-this-one"}},
		{name: "a wrong token", secret: map[string]string{cloud.KeyToken: "not-this-one"}},
	}
}

// accountFaults are those that the account is held against, alone and in pairs. Each bound is
// what the design allows: 0 where the outcome can be seen, 2 where orders are lost.
func accountFaults() []accountFault { return append(faultsOfOrders(), faultsOfAnswers()...) }

var (
	simulatedHours = flag.Int("simulated-hours", 0, "simulate at least so many hours of pairs of faults, and each fault in both settings")
	simulatedSeed  = flag.Uint64("simulated-seed", 1, "which hours are simulated")
)

// Each fault alone, at the start of an account or on a working cluster.
func TestNoFaultOfTheAccountBuysBeyondItsBound(t *testing.T) {
	t.Parallel()
	for i, f := range accountFaults() {
		for _, fresh := range []bool{true, false} {
			if *simulatedHours == 0 && fresh != (i%2 == 0) {
				continue // One of the two in everyday runs.
			}
			t.Run(fmt.Sprintf("%s, fresh=%v", f.name, fresh), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { suffer(t, *simulatedSeed+uint64(i), fresh, f) })
			})
		}
	}
}

// Random pairs of faults, with restarts; -simulated-hours runs thousands of hours.
func TestPairsOfFaultsOfTheAccount(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(*simulatedSeed, 0))
	all := accountFaults()
	for n := 0; n < everydayPairs || n*hoursOfFault < *simulatedHours; n++ {
		a, b := all[random.IntN(len(all))], all[random.IntN(len(all))]
		seed, fresh := random.Uint64(), random.IntN(2) == 0
		t.Run(fmt.Sprintf("%d: %s and %s, fresh=%v", n, a.name, b.name, fresh), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { suffer(t, seed, fresh, a, b) })
		})
	}
}

const (
	everydayPairs = 4
	hoursOfFault  = 4
	// hoursToHeal bounds how long a healed account may take until all is as wanted.
	hoursToHeal = 4
	// wantedNodes is how many nodes the pods need.
	wantedNodes = 5
)

// suffer lets the faults act for four hours on a group that wants five nodes, then heals
// the account. A person who sees an alarm allows another try after that.
func suffer(t *testing.T, seed uint64, fresh bool, faults ...accountFault) {
	random := rand.New(rand.NewPCG(seed, 1))
	s := newSim(t, vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 30_000, DeleteMillis: 5_000})
	// What is bought does not depend on how often is looked, and few looks are cheap.
	s.flags.PollInterval, s.flags.SweepInterval = time.Minute, 3*time.Minute
	s.restart()
	g := s.group("web", 2, 8, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleDownPolicy.Enabled = new(true) })
	if !fresh {
		s.run(30 * time.Minute)
	}
	extra := s.inflict(faults)
	s.scale(wantedNodes)
	for end := s.clock.Now().Add(hoursOfFault * time.Hour); s.clock.Now().Before(end); {
		s.run(time.Duration(1+random.IntN(60)) * time.Minute)
		if random.IntN(2) == 0 {
			s.restart()
		}
	}
	if n := s.bought(); n > wantedNodes+extra {
		t.Errorf("%d VPSes were bought for %d nodes, %d more are allowed", n, wantedNodes, extra)
	}
	if harmless(faults) && s.wrong(g) != nil {
		t.Errorf("nothing is wrong that should keep nodes from being bought: %v", s.wrong(g))
	}
	s.heal(faults)
	for range 3 {
		s.run(10 * time.Minute)
		s.patch(g, tryNowPatch)
	}
	for end := s.clock.Now().Add(hoursToHeal * time.Hour); s.clock.Now().Before(end) && s.wrong(g) != nil; {
		s.run(10 * time.Minute)
	}
	s.run(30 * time.Minute)
	for _, err := range s.wrong(g) {
		t.Error(err)
	}
}

// harmless reports whether all that is wanted is bought under the faults together.
func harmless(faults []accountFault) bool {
	asks, mute := false, false
	for _, f := range faults {
		if !f.harmless {
			return false
		}
		asks, mute = asks || f.asks, mute || f.mute
	}
	return !asks || !mute
}

// inflict begins the faults, and returns how many VPSes too many they excuse together.
func (s *sim) inflict(faults []accountFault) (extra int) {
	s.Helper()
	var rules []vpsietest.Fault
	secret := map[string]string{}
	for _, f := range faults {
		extra += f.extra
		rules = append(rules, f.rules...)
		s.silent = s.silent || f.silent
		maps.Copy(secret, f.secret)
		if f.knobs != "" {
			s.must(s.fake.PatchKnobs([]byte(f.knobs)))
		}
	}
	if len(secret) > 0 {
		s.setAccount(secret)
	}
	s.must(s.fake.SetFaults(rules...))
	return extra
}

// heal ends the faults.
func (s *sim) heal(faults []accountFault) {
	s.Helper()
	s.silent = false
	for _, f := range faults {
		if f.healed != "" {
			s.must(s.fake.PatchKnobs([]byte(f.healed)))
		}
		if f.secret != nil {
			s.setAccount(nil)
		}
	}
	s.must(s.fake.SetFaults())
}

// wrong is in what the cluster and the account differ from what they must come to.
func (s *sim) wrong(g *v1alpha1.NodeGroup) (errs []error) {
	s.Helper()
	s.reload(g)
	if n := s.waitingPods(); n > 0 {
		errs = append(errs, fmt.Errorf("%d pods wait in the end: %+v", n, g.Status.Conditions))
	}
	for _, rule := range s.broken {
		errs = append(errs, fmt.Errorf("%s", rule))
	}
	running, machines := s.bills(), s.vpsieNodes()
	if len(running) != len(machines) || len(running) != wantedNodes {
		errs = append(errs, fmt.Errorf("%d VPSes run for %d VPSieNodes, %d are wanted: %+v", len(running), len(machines), wantedNodes, running))
	}
	for _, m := range machines {
		if m.Status.Phase != v1alpha1.PhaseReady {
			errs = append(errs, fmt.Errorf("VPSieNode %s is %s: %s", m.Name, m.Status.Phase, m.Status.LastError))
		}
	}
	return errs
}

// While an object is being deleted, a list without its VPS, or no list, proves no end: the object stays until the VPS is gone.
func TestObjectStaysWhileTheListSaysNothing(t *testing.T) {
	for name, answer := range map[string]vpsietest.Fault{
		"false":      {Status: 200, Body: json.RawMessage(`{"error":false,"data":false}`)},
		"null":       {Status: 200, Body: json.RawMessage(`{"error":false,"data":null}`)},
		"no content": {Status: 204, Body: json.RawMessage(`""`)},
		"no rows":    {Status: 200, Body: json.RawMessage(`{"error":false,"data":[],"total":0}`)},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 30_000}, func(s *sim) {
				g := s.group("web", 1, 1)
				s.run(5 * time.Minute)
				m := s.vpsieNodes()[0]
				refused := spoiling(http.MethodDelete, ordersPath, vpsietest.Fault{Status: 503})
				s.must(s.fake.SetFaults(append(spoiling(http.MethodGet, ordersPath, answer), refused...)...))
				s.must(s.store.Delete(s.ctx, m))
				s.run(3 * time.Minute)
				if len(s.bills()) != 1 || len(s.vpsieNodes()) != 1 || s.vpsieNodes()[0].Name != m.Name {
					s.Errorf("%d VPSes run for the VPSieNodes %v", len(s.bills()), s.vpsieNodes())
				}
				s.must(s.fake.SetFaults())
				s.run(15 * time.Minute)
				s.reload(g)
				if len(s.bills()) != 1 || len(s.vpsieNodes()) != 1 || s.vpsieNodes()[0].Name == m.Name || g.Status.ReadyNodes != 1 {
					s.Errorf("in the end %d VPSes run for %d VPSieNodes, and %d nodes are ready", len(s.bills()), len(s.vpsieNodes()), g.Status.ReadyNodes)
				}
			})
		})
	}
}
