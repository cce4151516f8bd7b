package check

import (
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// What the controller looks at by itself orders and deletes nothing.
func TestInspectorTellsAndBuysNothing(t *testing.T) {
	twins := vpsietest.DefaultCatalogue()
	twins.SSHKeys = []vpsietest.Named{{Name: "ssh-key-123"}, {Name: "ssh-key-123", Identifier: "11111111-1111-4111-8111-111111111111"}}
	for name, tc := range map[string]struct {
		fake       vpsietest.Options
		plant      func(*world)
		want       []observe.CheckFinding // of which message and remedy contain these
		unanswered bool
	}{
		"nothing is wrong": {},
		"a key that is not read": {
			plant: func(w *world) { w.secret["account_password"] = "x" },
			want:  []observe.CheckFinding{{Check: observe.CheckAccount, Message: "looks like accountPassword", Remedy: "remove it"}},
		},
		"no such project": {
			plant: func(w *world) { w.secret[cloud.KeyProjectID] = "mine" },
			want:  []observe.CheckFinding{{Check: observe.CheckProject, Message: `no project "mine"`, Remedy: "projectId"}},
		},
		"a wrong token": {
			plant:      func(w *world) { w.secret[cloud.KeyToken] = "wrong" },
			want:       []observe.CheckFinding{{Check: observe.CheckToken, Message: "authentication failed", Remedy: "new access token"}},
			unanswered: true,
		},
		"nobody there": {plant: func(w *world) { w.secret[cloud.KeyURL] = "http://127.0.0.1:1" }, unanswered: true},
		"one name for two": {
			fake: vpsietest.Options{Catalogue: twins},
			want: []observe.CheckFinding{{Check: observe.CheckNames, NodeGroup: "web", Message: "is the name of 2", Remedy: "identifier"}},
		},
		"memory that balloons": {
			plant: func(w *world) { w.group.Spec.OfferingIDs = []string{"shared-2cpu-4gb"} },
			want:  []observe.CheckFinding{{Check: observe.CheckOfferings, NodeGroup: "web", Message: "less memory", Remedy: "another category"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.fake)
			if tc.plant != nil {
				tc.plant(w)
			}
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.opts.Cloud.Namespace, Name: w.opts.Cloud.SecretName}, Data: map[string][]byte{}}
			for key, value := range w.secret {
				secret.Data[key] = []byte(value)
			}
			account := cloud.New(w.opts.Cloud)
			account.Configure(secret.Data)
			inspect := Inspector(fake.NewClientBuilder().WithObjects(secret).Build(), account, w.opts.Cloud)
			found, answered := inspect(t.Context(), []*v1alpha1.NodeGroup{w.group})
			if len(found) != len(tc.want) || answered == tc.unanswered {
				t.Fatalf("answered %v, found %+v", answered, found)
			}
			for i, want := range tc.want {
				got := found[i]
				if got.Check != want.Check || got.NodeGroup != want.NodeGroup ||
					!strings.Contains(got.Message, want.Message) || !strings.Contains(got.Remedy, want.Remedy) {
					t.Errorf("found %+v, want %+v", got, want)
				}
			}
			for _, q := range w.fake.Ledger().Requests {
				if q.Method == http.MethodDelete || vpsietest.IsOrder(q.Method, q.Path) {
					t.Errorf("asked for %s %s", q.Method, q.Path)
				}
			}
			w.boughtNothing()
		})
	}
}
