package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// publishCluster says how machines join, as kubeadm does.
func (w *world) publishCluster() {
	w.Helper()
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[""] = &clientcmdapi.Cluster{Server: w.env.Config.Host, CertificateAuthorityData: w.env.Config.CAData}
	if !strings.HasPrefix(w.env.Config.Host, "https://") {
		kubeconfig.Clusters[""].Server = "https://" + w.env.Config.Host
	}
	content, err := clientcmd.Write(*kubeconfig)
	w.must(err)
	info := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespacePublic, Name: "cluster-info"},
		Data:       map[string]string{"kubeconfig": string(content)},
	}
	if err := w.admin.Create(w.Context(), info); !apierrors.IsAlreadyExists(err) {
		w.must(err)
	}
	w.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), info) })
}

var bootstrapToken = regexp.MustCompile(`\b[a-z0-9]{6}\.[a-z0-9]{16}\b`)

// With --bootstrap=kubeadm a NodeGroup without userData has machines that join with
// a token of their own, which is worth nothing once they have.
func TestKubeadmBootstrap(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	o := w.deps.Options
	o.Bootstrap, o.KubernetesVersion = BootstrapKubeadm, "1.37"
	w.start(o)
	g := w.group("kubeadm", 1, 2)
	w.until(time.Second, "the missing cluster-info to be told", func() error {
		w.reload(g)
		c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "kube-public/cluster-info") || len(w.fake.Ledger().VMs) > 0 {
			return fmt.Errorf("%+v; %d VPSes", c, len(w.fake.Ledger().VMs))
		}
		return nil
	})
	w.after(5*time.Minute, 30*time.Second)
	if n := w.heard("ScalingUp"); n > 0 {
		t.Errorf("%d machines were ordered that could not join", n)
	}
	w.publishCluster()
	m := w.ready(g, 1)[0]
	data := w.userData[m.Name]
	token := bootstrapToken.FindString(data)
	for _, part := range []string{"kubeadm join \"" + strings.Trim(strings.TrimPrefix(w.env.Config.Host, "https://"), "/") + "\"", "sha256:", "v1.37/deb", "--node-labels=", m.Name} {
		if !strings.Contains(data, part) || token == "" {
			t.Errorf("the user data lacks %q or a token:\n%s", part, data)
		}
	}
	id, _, _ := strings.Cut(token, ".")
	if !w.gone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: "bootstrap-token-" + id}}) {
		t.Error("the token outlives the join")
	}
}

// Whatever the cloud answers: credentials, tokens and user data stand in Secrets and
// in orders, and nowhere else.
func TestNoSecretIsToldAnywhere(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.publishCluster()
	const planted = "planted-in-user-data"
	g := w.group("secretive", 1, 3, func(g *v1alpha1.NodeGroup) {
		g.Spec.UserData = "#cloud-config\nruncmd: [join, \"{{.BootstrapToken}}\", " + planted + "]\n"
	})
	m := w.ready(g, 1)[0]
	token := bootstrapToken.FindString(w.userData[m.Name])
	const clientSecret, password = "planted-client-secret", "planted-account-password"
	w.setAccount(map[string]string{cloud.KeyClientSecret: clientSecret, cloud.KeyAccountPassword: password})
	echo := fmt.Sprintf(`{"error":true,"message":"refused: %s %s %s %s"}`, vpsietest.DefaultToken, clientSecret, password, token)
	w.turn(time.Second) // the Secret is read
	w.dismiss(m)
	w.after(20*time.Second, time.Second) // the wrong password is refused
	for _, status := range []int{http.StatusUnauthorized, http.StatusBadRequest, http.StatusInternalServerError} {
		w.must(w.fake.SetFaults(vpsietest.Fault{Status: status, Body: json.RawMessage(asJSON(echo))}))
		w.patch(g, fmt.Sprintf(`{"spec":{"tags":["t%d"]}}`, status))
		w.after(2*time.Minute, 10*time.Second)
	}
	if w.reload(m); w.heard("InvalidConfiguration", "the account password is wrong") == 0 || !strings.Contains(m.Status.LastError, "redacted") {
		t.Errorf("nothing went wrong: the test proves nothing; %q", w.events)
	}
	texts := map[string]string{"log": logged.String(), "events": strings.Join(w.events, "\n"), "journal": asJSON(w.deps.Journal.Rounds(observe.Filter{}))}
	families, err := w.registry.Gather()
	w.must(err)
	texts["metrics"] = asJSON(families)
	for name, list := range map[string]client.ObjectList{
		"VPSieNodes": &v1alpha1.VPSieNodeList{}, "nodes": &corev1.NodeList{}, "pods": &corev1.PodList{},
	} {
		w.must(w.admin.List(t.Context(), list))
		texts[name] = asJSON(list)
	}
	w.reload(g)
	texts["NodeGroup status"] = asJSON(g.Status)
	for where, text := range texts {
		for _, secret := range []string{vpsietest.DefaultToken, clientSecret, password, token, planted} {
			if strings.Contains(text, secret) {
				i := strings.Index(text, secret)
				t.Errorf("%s tell %q: …%s…", where, secret, text[max(0, i-200):min(len(text), i+80)])
			}
		}
	}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
