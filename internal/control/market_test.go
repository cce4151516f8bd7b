package control

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// What a dry run takes from the cluster as what can be bought is what the controller buys
// from, whatever holds it back.
func TestADryRunBuysFromWhatTheControllerBuysFrom(t *testing.T) {
	silent := func(s *sim) { s.silent = true }
	for name, test := range map[string]struct {
		knobs   vpsietest.Knobs
		plant   func(s *sim)
		minimum int32
		long    time.Duration
		// why is in what keeps the group from buying, limit in what bounds it.
		why, limit string
		after      func(s *sim)
	}{
		"nothing":                      {plant: func(*sim) {}, minimum: 1, long: 10 * time.Minute},
		"nothing has joined":           {plant: silent, minimum: 5, long: time.Minute, limit: "--unproven-limit"},
		"machines that do not join":    {plant: silent, minimum: 2, long: 16 * time.Minute, why: "did not become ready nodes"},
		"user data":                    {plant: func(s *sim) { s.userDataOf("{{.NoSuchThing}}") }, why: "NoSuchThing"},
		"nowhere to join":              {plant: func(s *sim) { s.options(func(o *Options) { o.Bootstrap = BootstrapKubeadm }) }, why: "kube-public/cluster-info"},
		"no password":                  {plant: func(s *sim) { s.setAccount(map[string]string{cloud.KeyAccountPassword: ""}) }, why: "accountPassword"},
		"no such project":              {plant: func(s *sim) { s.setAccount(map[string]string{cloud.KeyProjectID: "nobodys"}) }, minimum: 1, long: time.Minute, why: `no project "nobodys"`},
		"quota":                        {knobs: vpsietest.Knobs{Quota: 1}, plant: func(*sim) {}, minimum: 2, long: 90 * time.Second, why: "the next try is at"},
		"after a quota":                {knobs: vpsietest.Knobs{Quota: 1}, plant: func(*sim) {}, minimum: 2, long: time.Minute, after: (*sim).tryNow},
		"orders that are never listed": {knobs: vpsietest.Knobs{NeverAppear: 1000}, plant: func(*sim) {}, minimum: 2, long: time.Hour, why: "Buying is stopped"},
		"a balance that runs out": {
			knobs: vpsietest.Knobs{Balance: "1"}, plant: func(s *sim) { s.options(func(o *Options) { o.MinBalanceHours = 1000 }) }, minimum: 1, long: 10 * time.Minute,
			why: "--min-balance-hours",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, test.knobs, func(s *sim) {
				s.group("web", test.minimum, 10)
				test.plant(s)
				s.run(test.long + time.Second)
				if test.after != nil {
					test.after(s)
				}
				s.agrees(test.why, test.limit)
			})
		})
	}
}

// userDataOf gives the group web this user data.
func (s *sim) userDataOf(text string) {
	g := s.nodeGroups()[0].(*v1alpha1.NodeGroup)
	s.patch(g, `{"spec":{"userData":"`+text+`"}}`)
}

func (s *sim) tryNow() { s.patch(s.nodeGroups()[0], tryNowPatch) }

// options restarts the controller with other flags.
func (s *sim) options(change func(o *Options)) {
	o := s.deps.Options
	change(&o)
	s.start(o)
	s.load()
}

// agrees holds the next round beside a dry run that knows only what is stored.
func (s *sim) agrees(why, limit string) {
	s.Helper()
	objects, err := s.deps.Load()
	s.must(err)
	account := cloud.New(cloud.Options{
		Namespace: s.deps.Options.Namespace, SecretName: s.deps.Options.SecretName, Clock: s.clock, HTTPClient: s.http,
		RequestsPerMinute: 60_000, CatalogueTTL: time.Hour, Timeout: 10 * time.Second,
	})
	var secret corev1.Secret
	s.must(s.store.Get(s.Context(), client.ObjectKey{Namespace: s.deps.Options.Namespace, Name: s.deps.Options.SecretName}, &secret))
	account.Configure(secret.Data)
	dry := BuyingAfterRestart(s.Context(), Deps{Live: s.store, Cloud: account, Clock: s.clock, Options: s.deps.Options}, objects)

	s.must(s.round.account.loadAccount(s.Context()))
	for _, g := range objects.NodeGroups {
		s.round.backoffs.retryAsked(g) // as the round does before it asks
	}
	live := s.round.market.buying(s.Context(), objects)
	seconds := cmp.Transformer("seconds", func(t time.Time) int64 { return t.Unix() })
	amounts := cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })
	if diff := cmp.Diff(live.Markets, dry.Markets, seconds, amounts); diff != "" {
		s.Errorf("markets, -controller +dry run:\n%s", diff)
	}
	if diff := cmp.Diff(live.Limit, dry.Limit); diff != "" {
		s.Errorf("the limit of all, -controller +dry run:\n%s", diff)
	}
	m := dry.Markets["web"]
	if blocked := m.Blocked + m.NoGrowth; !strings.Contains(blocked, why) || why == "" && blocked != "" {
		s.Errorf("blocked %q, want %q", blocked, why)
	}
	if limit != "" && (m.Limit == nil || !strings.Contains(m.Limit.Message, limit)) {
		s.Errorf("limit %+v, want %q", m.Limit, limit)
	}
}
