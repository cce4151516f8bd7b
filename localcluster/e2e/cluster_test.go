package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// purpose is the label by which a test's pods find the nodes of its NodeGroup.
const purpose = "e2e.test/purpose"

// small is the instance type of most NodeGroups here.
const small = "small-2cpu-4gb"

// medium is the next larger one.
const medium = "medium-4cpu-8gb"

// joining is user data with all that a machine needs to join, a bootstrap token among it.
const joining = `#cloud-config
write_files:
- path: /etc/default/kubelet
  content: KUBELET_EXTRA_ARGS="{{.KubeletExtraArgs}}"
runcmd:
- kubeadm join {{.APIServer}} --token {{.BootstrapToken}} --discovery-token-ca-cert-hash {{.CACertHash}}
`

// newGroup is a NodeGroup that scales at once in both directions.
func newGroup(name string, minNodes, maxNodes int32) *v1alpha1.NodeGroup {
	return &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: config.Namespace},
		Spec: v1alpha1.NodeGroupSpec{
			MinNodes: minNodes, MaxNodes: maxNodes,
			DatacenterID: "dc-us-east-1", OfferingIDs: []string{small}, OSImageID: "ubuntu-22.04-lts", SSHKeyIDs: []string{"ssh-key-123"},
			Labels: map[string]string{purpose: name}, UserData: joining,
			ScaleUpPolicy: v1alpha1.ScaleUpPolicy{
				StabilizationWindowSeconds: new(int32(1)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100)),
			},
			ScaleDownPolicy: v1alpha1.ScaleDownPolicy{StabilizationWindowSeconds: new(int32(1)), UnneededTime: new(int32(0))},
		},
	}
}

// newDeployment has pods of which a node of type small holds one, and which run on nodes of that purpose only.
func newDeployment(name, purposeOfNodes string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(replicas),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					NodeSelector: map[string]string{purpose: purposeOfNodes},
					Containers: []corev1.Container{{Name: "work", Image: "work", Resources: corev1.ResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")},
					}}},
				},
			},
		},
	}
}

// newNamespace makes a namespace that the autoscaler may serve as it serves the shipped one.
func newNamespace(t *testing.T, name string) string {
	t.Helper()
	create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	var shipped rbacv1.Role
	if err := shared.client.Get(t.Context(), client.ObjectKey{Namespace: config.Namespace, Name: config.Name}, &shipped); err != nil {
		t.Fatal(err)
	}
	here := metav1.ObjectMeta{Name: config.Name, Namespace: name}
	create(t, &rbacv1.Role{ObjectMeta: here, Rules: shipped.Rules})
	create(t, &rbacv1.RoleBinding{
		ObjectMeta: here,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: config.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: config.Name, Namespace: config.Namespace}},
	})
	return name
}

func create(t *testing.T, o client.Object) {
	t.Helper()
	if err := shared.client.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, o client.Object) {
	t.Helper()
	if err := shared.client.Delete(t.Context(), o); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
}

func patch(t *testing.T, o client.Object, merge string) {
	t.Helper()
	if err := shared.client.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		t.Fatal(err)
	}
}

func scale(t *testing.T, d *appsv1.Deployment, replicas int) {
	t.Helper()
	patch(t, d, fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

// list fills a list, in the namespace unless that is empty.
func list(t *testing.T, l client.ObjectList, namespace string) {
	t.Helper()
	if err := shared.client.List(t.Context(), l, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
}

// machinesOf lists a NodeGroup's VPSieNodes.
func machinesOf(t *testing.T, g *v1alpha1.NodeGroup) []v1alpha1.VPSieNode {
	t.Helper()
	var all v1alpha1.VPSieNodeList
	list(t, &all, g.Namespace)
	return slices.DeleteFunc(all.Items, func(m v1alpha1.VPSieNode) bool { return m.Spec.NodeGroupName != g.Name })
}

// account is what the controller's Secret holds when nothing is wrong with it.
func (c *controller) account() map[string]string {
	return map[string]string{
		"token": vpsietest.DefaultToken, "url": c.cloudURL, "accountPassword": vpsietest.DefaultAccountPassword,
		"projectId": vpsietest.Identifier("project", vpsietest.DefaultCatalogue().Projects[0].Name),
	}
}

// setAccount makes the Secret hold exactly these keys.
func setAccount(t *testing.T, namespace string, keys map[string]string) {
	t.Helper()
	data := map[string][]byte{}
	for k, v := range keys {
		data[k] = []byte(v)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-secret", Namespace: namespace}, Data: data}
	err := shared.client.Update(t.Context(), secret.DeepCopy())
	if apierrors.IsNotFound(err) {
		err = shared.client.Create(t.Context(), secret)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// with is a copy of keys with some changed; an empty value takes a key away.
func with(keys map[string]string, changes map[string]string) map[string]string {
	changed := maps.Clone(keys)
	for k, v := range changes {
		if changed[k] = v; v == "" {
			delete(changed, k)
		}
	}
	return changed
}

type bill = vpsietest.Bill

// billsOf lists the VPSes that were ever ordered for a NodeGroup.
func billsOf(g *v1alpha1.NodeGroup) []bill {
	return slices.DeleteFunc(shared.Cloud.Ledger().VMs, func(b bill) bool { return !strings.HasPrefix(b.Hostname, hostnames(g)) })
}

// running lists the VPSes that cost money now.
func running(bills []bill) []bill {
	return slices.DeleteFunc(slices.Clone(bills), func(b bill) bool { return b.DeletedAt != nil })
}

// awaitNodes waits until the group has so many nodes, all ready.
func (c *controller) awaitNodes(t *testing.T, g *v1alpha1.NodeGroup, nodes int32) {
	t.Helper()
	c.await(t, fmt.Sprintf("NodeGroup %s to have %d ready nodes", g.Name, nodes), func() error {
		var now v1alpha1.NodeGroup
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(g), &now); err != nil {
			return err
		}
		s := now.Status
		if s.ReadyNodes == nodes && s.CurrentNodes == nodes && s.DesiredNodes == nodes {
			return nil
		}
		return fmt.Errorf("it has ready %d, current %d, desired %d: %s", s.ReadyNodes, s.CurrentNodes, s.DesiredNodes, told(s.Conditions))
	})
}

func told(conditions []metav1.Condition) string {
	var b strings.Builder
	for _, c := range conditions {
		fmt.Fprintf(&b, "\n\t%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// left says what of a NodeGroup and its machines is left in Kubernetes or in the cloud.
func left(t *testing.T, g *v1alpha1.NodeGroup) error {
	t.Helper()
	var found []string
	var now v1alpha1.NodeGroup
	if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(g), &now); err == nil {
		found = append(found, "NodeGroup "+g.Name+told(now.Status.Conditions))
	} else if !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	for _, m := range machinesOf(t, g) {
		found = append(found, fmt.Sprintf("VPSieNode %s in %s%s", m.Name, m.Status.Phase, told(m.Status.Conditions)))
	}
	for _, n := range nodesOf(t, g) {
		found = append(found, "Node "+n.Name)
	}
	for _, name := range bootstrapTokens(t, g) {
		found = append(found, "Secret "+name)
	}
	for _, b := range running(billsOf(g)) {
		found = append(found, fmt.Sprintf("VPS %d %s", b.ID, b.Hostname))
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("there is still\n%s", strings.Join(found, "\n"))
}

// clear deletes all NodeGroups and VPSieNodes, and waits until they and their VPSes are gone. Groups are those of the
// test, also when they were deleted before.
func (c *controller) clear(t *testing.T, groups ...*v1alpha1.NodeGroup) {
	t.Helper()
	here := client.InNamespace(c.namespace)
	for _, kind := range []client.Object{&v1alpha1.NodeGroup{}, &v1alpha1.VPSieNode{}} {
		if err := shared.client.DeleteAllOf(t.Context(), kind, here); err != nil {
			t.Error(err)
		}
	}
	c.await(t, "the end of everything", func() error {
		var now v1alpha1.NodeGroupList
		list(t, &now, c.namespace)
		for i := range now.Items {
			if err := left(t, &now.Items[i]); err != nil {
				return err
			}
		}
		for _, g := range groups {
			if err := left(t, g); err != nil {
				return err
			}
		}
		var machines v1alpha1.VPSieNodeList
		list(t, &machines, c.namespace)
		if len(machines.Items) > 0 {
			return fmt.Errorf("VPSieNode %s is left", machines.Items[0].Name)
		}
		return nil
	})
}

// nodesOf lists the Nodes of a NodeGroup's machines by their names, which they have before any label.
func nodesOf(t *testing.T, g *v1alpha1.NodeGroup) []corev1.Node {
	t.Helper()
	var all corev1.NodeList
	list(t, &all, "")
	return slices.DeleteFunc(all.Items, func(n corev1.Node) bool { return !strings.HasPrefix(n.Name, hostnames(g)) })
}

// bootstrapTokens lists the Secrets by which a NodeGroup's machines could join.
func bootstrapTokens(t *testing.T, g *v1alpha1.NodeGroup) []string {
	t.Helper()
	var secrets corev1.SecretList
	list(t, &secrets, metav1.NamespaceSystem)
	var names []string
	for _, s := range secrets.Items {
		if s.Type == corev1.SecretTypeBootstrapToken && strings.Contains(string(s.Data["description"]), hostnames(g)) {
			names = append(names, s.Name)
		}
	}
	return names
}

// hostnames is how the names of a NodeGroup's machines begin.
func hostnames(g *v1alpha1.NodeGroup) string { return "vpsie-" + g.Name + "-" }
