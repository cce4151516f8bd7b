package control

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// orderFor says what to ask the cloud for.
func (r *launcher) orderFor(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) (cloud.Order, error) {
	data := cloud.UserData{
		NodeName: m.Name, NodeGroup: g.Name, InstanceType: m.Spec.InstanceType, Datacenter: m.Spec.DatacenterID,
		Labels: nodeLabels(m, g, g.Spec.NodeLabels()), Taints: append(slices.Concat(g.Spec.Taints, g.Spec.StartupTaints), startupTaint()),
		KubernetesVersion: r.kubernetesVersion(), Kubeadm: r.Options.Bootstrap == BootstrapKubeadm,
		Mint: func() (string, error) { return r.mint(ctx, m) }, Kubelet: cluster.KubeletOf(g), NodeIP: string(nodeIPOf(g)),
	}
	var err error
	if data.VPCRange, err = r.vpcRange(ctx, m, g); err != nil {
		return cloud.Order{}, err
	}
	if data.APIServer, data.CACertHash, err = r.bootstrap.endpoint(ctx); err != nil {
		return cloud.Order{}, err
	}
	text, err := data.Render(g.Spec.UserData)
	if err != nil {
		return cloud.Order{}, err
	}
	return cloud.Order{
		Name: m.Name, UID: string(m.UID), Group: g.Name, Wanted: wantedFor(m, g),
		InstanceType: m.Spec.InstanceType, Spot: cluster.IsSpot(m), UserData: text, Tags: g.Spec.Tags,
	}, nil
}

// checkNodeFields refuses labels and taints that no kubelet starts with, that could say
// something else in the text of the user data, or that would make all nodes one.
func checkNodeFields(g *v1alpha1.NodeGroup) error {
	wrong := func(field, value string, why []string) error {
		return &cloud.ConfigError{Reason: "InvalidConfiguration", Message: fmt.Sprintf("spec.%s: %q: %s", field, value, strings.Join(why, "; "))}
	}
	for _, field := range []struct {
		name  string
		pairs map[string]string
	}{{"labels", g.Spec.Labels}, {"nodeSelector", g.Spec.NodeSelector}} {
		for _, k := range slices.Sorted(maps.Keys(field.pairs)) {
			if why := content.IsLabelKey(k); len(why) > 0 {
				return wrong(field.name, k, why)
			}
			if k == corev1.LabelHostname {
				return wrong(field.name, k, []string{"it is each node's own name, by which pods keep apart; leave it out"})
			}
			if why := content.IsLabelValue(field.pairs[k]); len(why) > 0 {
				return wrong(field.name+"["+k+"]", field.pairs[k], why)
			}
		}
	}
	var before []corev1.Taint
	for _, field := range []struct {
		name   string
		taints []corev1.Taint
	}{{"taints", g.Spec.Taints}, {"startupTaints", g.Spec.StartupTaints}} {
		for i, t := range field.taints {
			if why := content.IsLabelKey(t.Key); len(why) > 0 {
				return wrong(fmt.Sprintf("%s[%d].key", field.name, i), t.Key, why)
			}
			if why := content.IsLabelValue(t.Value); len(why) > 0 {
				return wrong(fmt.Sprintf("%s[%d].value", field.name, i), t.Value, why)
			}
			if slices.ContainsFunc(before, func(other corev1.Taint) bool { return other.MatchTaint(&t) }) {
				return wrong(fmt.Sprintf("%s[%d]", field.name, i), t.Key, []string{"it is there twice with the effect " + string(t.Effect) + "; leave one of them out"})
			}
			before = append(before, t)
		}
	}
	return nil
}

// nodeLabels are the labels that the machine's node must have; own are those of its
// NodeGroup, which is nil when it is gone.
func nodeLabels(m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup, own map[string]string) map[string]string {
	labels := plan.MachineLabels(m.Spec.NodeGroupName, m.Spec.InstanceType, m.Spec.DatacenterID, g != nil && g.Spec.Zonal(), own)
	if cluster.IsSpot(m) {
		labels[v1alpha1.LabelCapacityType] = v1alpha1.CapacitySpot
	}
	return labels
}

// startupTaint keeps pods off until the node's labels and taints are in place.
func startupTaint() corev1.Taint {
	return corev1.Taint{Key: v1alpha1.TaintUninitialized, Effect: corev1.TaintEffectNoSchedule}
}

// tokenTTL outlasts the provision and join time-outs, whose sum bounds its use.
func (o Options) tokenTTL() time.Duration { return o.ProvisionTimeout + o.JoinTimeout }

// mint makes a bootstrap token for one machine (Kubernetes: Authenticating with
// Bootstrap Tokens). It is deleted when the machine has joined. A token that an
// earlier try left behind is replaced: its secret half is not to be had any more.
func (r *launcher) mint(ctx context.Context, m *v1alpha1.VPSieNode) (string, error) {
	// rand.Text is base32, whose lower case is within a token's alphabet.
	id, secret := tokenID(m), strings.ToLower(rand.Text()[:16])
	token := &corev1.Secret{
		ObjectMeta: tokenMeta(m),
		Type:       corev1.SecretTypeBootstrapToken,
		StringData: map[string]string{
			"token-id": id, "token-secret": secret,
			"expiration":                     r.Clock.Now().Add(r.Options.tokenTTL()).UTC().Format(time.RFC3339),
			"usage-bootstrap-authentication": "true",
			"usage-bootstrap-signing":        "true",
			"auth-extra-groups":              "system:bootstrappers:kubeadm:default-node-token",
			"description":                    "Join of VPSieNode " + m.Name,
		},
	}
	err := r.Client.Create(ctx, token)
	if apierrors.IsAlreadyExists(err) {
		if err := r.burn(ctx, m); err != nil {
			return "", err
		}
		err = r.Client.Create(ctx, token)
	}
	if err != nil {
		return "", fmt.Errorf("minting a bootstrap token for VPSieNode %s: %w", m.Name, err)
	}
	return id + "." + secret, nil
}

// tokenID is a machine's bootstrap token's public half, of six characters. It follows from the
// UID, so that the token can be found again without the right to list Secrets. Two machines with
// the same one would take each other's token away: the more letters it is made of, the rarer.
func tokenID(m *v1alpha1.VPSieNode) string {
	sum := sha256.Sum256([]byte(m.UID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:6]
}

func tokenMeta(m *v1alpha1.VPSieNode) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: "bootstrap-token-" + tokenID(m)}
}

// burn deletes the machine's bootstrap token, if there is one.
func (r *store) burn(ctx context.Context, m *v1alpha1.VPSieNode) error {
	err := r.Client.Delete(ctx, &corev1.Secret{ObjectMeta: tokenMeta(m), Type: corev1.SecretTypeBootstrapToken})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the bootstrap token of VPSieNode %s: %w", m.Name, err)
	}
	if orderedByUs(m) {
		if err := r.Cloud.DropUserData(ctx, m.Name); err != nil {
			// Its token is gone; what is left of it opens nothing.
			logf.FromContext(ctx).V(1).Info("the script with the machine's user data could not be deleted", "why", err.Error())
		}
	}
	return nil
}

// bootstrap says where and how machines join.
type bootstrap struct {
	reads
	Options *Options
}

// endpoint is where machines join: the flag's address, else what kubeadm
// published in kube-public/cluster-info. Both results are empty when nothing is
// known, which is no fault for user data that does not ask.
func (d bootstrap) endpoint(ctx context.Context) (apiServer, caCertHash string, err error) {
	var info corev1.ConfigMap
	err = readShared(ctx, d.reads, types.NamespacedName{Namespace: metav1.NamespacePublic, Name: "cluster-info"}, &info)
	if err != nil {
		return d.Options.APIServer, "", client.IgnoreNotFound(err)
	}
	config, err := clientcmd.Load([]byte(info.Data["kubeconfig"]))
	if err != nil {
		return "", "", fmt.Errorf("reading ConfigMap kube-public/cluster-info: %w", err)
	}
	apiServer = d.Options.APIServer
	for _, c := range config.Clusters {
		if u, err := url.Parse(c.Server); apiServer == "" && err == nil {
			apiServer = u.Host
		}
		caCertHash = publicKeyHash(c.CertificateAuthorityData)
	}
	return apiServer, caCertHash, nil
}

// checkEndpoint refuses a NodeGroup whose machines could not be told where to join.
func (d bootstrap) checkEndpoint(ctx context.Context, g *v1alpha1.NodeGroup) error {
	if d.Options.Bootstrap != BootstrapKubeadm || g.Spec.UserData != "" {
		return nil
	}
	apiServer, caCertHash, err := d.endpoint(ctx)
	if err == nil && (apiServer == "" || caCertHash == "") {
		err = &cloud.ConfigError{Reason: "ClusterInfoMissing", Message: "--bootstrap=kubeadm: " +
			"ConfigMap kube-public/cluster-info does not say where the API server is and by which certificate authority; restore it with kubeadm init phase bootstrap-token, or give the NodeGroup a userData"}
	}
	return err
}

// publicKeyHash is the CA's pin in kubeadm's form, empty when there is no certificate.
func publicKeyHash(ca []byte) string {
	block, _ := pem.Decode(ca)
	if block == nil {
		return ""
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}
