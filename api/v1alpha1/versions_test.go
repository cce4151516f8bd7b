package v1alpha1_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/api/v1alpha2"
	"github.com/vpsie/vpsie-autoscaler/api/v1beta1"
)

var (
	roundTrips = flag.Int("roundtrips", 300, "objects that TestEveryVersionReadsBackWhatAnotherWrote writes")
	seed       = flag.Uint64("roundtrip-seed", 0, "seed of these objects; 0 takes a new one")
)

// Conversion by name alone loses nothing as long as the versions differ in nothing else.
func TestVersionsDifferInNameOnly(t *testing.T) {
	for _, plural := range []string{"nodegroups", "vpsienodes"} {
		crd := definition(t, plural)
		if crd.Spec.Conversion.Strategy != apiextensionsv1.NoneConverter {
			t.Errorf("%s are converted by %s", plural, crd.Spec.Conversion.Strategy)
		}
		var names []string
		first := crd.Spec.Versions[0]
		for _, v := range crd.Spec.Versions {
			names = append(names, v.Name)
			old := v.Name == "v1alpha1"
			if !v.Served || v.Storage != old || v.Deprecated != old || old == (v.DeprecationWarning == nil) {
				t.Errorf("%s %s: served %v, stored %v, deprecated %v", plural, v.Name, v.Served, v.Storage, v.Deprecated)
			}
			v.Name, v.Storage, v.Deprecated, v.DeprecationWarning = first.Name, first.Storage, first.Deprecated, first.DeprecationWarning
			if diff := cmp.Diff(first, v); diff != "" {
				t.Errorf("%s: versions differ:\n%s", plural, diff)
			}
		}
		if want := v1alpha1.Versions(); !slices.Equal(names, want) {
			t.Errorf("%s have the versions %v, want %v", plural, names, want)
		}
	}
}

// Each version's Go package registers its kinds under its name.
func TestEveryVersionHasAGoPackage(t *testing.T) {
	for _, v := range []struct {
		version string
		add     func(*runtime.Scheme) error
	}{{"v1alpha1", v1alpha1.AddToScheme}, {"v1alpha2", v1alpha2.AddToScheme}, {"v1beta1", v1beta1.AddToScheme}} {
		scheme := runtime.NewScheme()
		if err := v.add(scheme); err != nil {
			t.Fatal(err)
		}
		c, err := client.New(env.Config, client.Options{Scheme: scheme})
		if err != nil {
			t.Fatal(err)
		}
		group := typed(t, bare("from-go", nil))
		group.APIVersion, group.Kind = "", ""
		if err := c.Create(t.Context(), group, client.DryRunAll); err != nil {
			t.Fatal(err)
		}
		if got := group.ManagedFields[0].APIVersion; got != "autoscaler.vpsie.com/"+v.version {
			t.Errorf("the client of package %s writes %s", v.version, got)
		}
	}
}

func TestOldVersionWarnsAndNamesTheNewOne(t *testing.T) {
	for _, version := range v1alpha1.Versions() {
		path := samplePath(t, "nodegroup.yaml")
		command := env.Command(t.Context(), "sh", "-c", "sed s#com/v1alpha1#com/"+version+"# "+path+" | kubectl apply --dry-run=server -f -")
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		warned := strings.Contains(string(output), "v1alpha1 NodeGroup is deprecated; use autoscaler.vpsie.com/v1beta1")
		if warned != (version == "v1alpha1") {
			t.Errorf("%s: kubectl apply prints\n%s", version, output)
		}
	}
	// Who names no version gets the newest one, and no warning.
	if output := env.Kubectl(t, "get", "ng", "-A", "-v=6"); strings.Contains(output, "deprecated") {
		t.Errorf("kubectl get ng prints\n%s", output)
	}
}

// What a client writes in any version, with whatever fields it has, reads back the same in
// every other. -roundtrips=100000 takes a while.
func TestEveryVersionReadsBackWhatAnotherWrote(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-roundtrip-seed=%d", *seed)
	f := fuzzer{rand.New(rand.NewPCG(*seed, 0))}
	c := autoscaler(t) // who may leave out vpsieInstanceID
	schemas := map[string]apiextensionsv1.JSONSchemaProps{}
	for plural, kind := range map[string]string{"nodegroups": "NodeGroup", "vpsienodes": "VPSieNode"} {
		schemas[kind] = *definition(t, plural).Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	kinds := slices.Sorted(maps.Keys(schemas))
	for i := range *roundTrips {
		kind := kinds[i%len(kinds)]
		written := f.object(schemas[kind], kind, v1alpha1.Versions()[f.IntN(3)], fmt.Sprintf("fuzz-%d", i))
		roundTrip(t, c, written)
		if t.Failed() {
			text, _ := json.MarshalIndent(written.Object, "", " ")
			t.Fatalf("object %d: %s", i, text)
		}
	}
}

func roundTrip(t *testing.T, c client.Client, written *unstructured.Unstructured) {
	t.Helper()
	stored := written.DeepCopy()
	if err := c.Create(t.Context(), stored); err != nil {
		t.Error(err)
		return
	}
	defer func() {
		if err := c.Delete(t.Context(), stored); err != nil {
			t.Error(err)
		}
	}()
	// The status is written by itself, in the same version.
	status := stored.DeepCopy()
	status.Object["status"] = written.DeepCopy().Object["status"]
	if err := c.Status().Update(t.Context(), status); err != nil {
		t.Error(err)
		return
	}
	for _, version := range v1alpha1.Versions() {
		got := &unstructured.Unstructured{}
		got.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(written.GetKind()))
		got.SetAPIVersion(v1alpha1.GroupVersion.Group + "/" + version)
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(written), got); err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"spec", "status"} {
			if diff := cmp.Diff(written.Object[part], got.Object[part]); diff != "" {
				t.Errorf("%s %s, written as %s, read as %s (-written +read):\n%s", written.GetKind(), part, written.GetAPIVersion(), version, diff)
			}
		}
		if kind := got.GetAPIVersion(); !strings.HasSuffix(kind, version) {
			t.Errorf("asked for %s, got %s", version, kind)
		}
	}
}

// Old clients that write an object back keep the fields that they do not know.
func TestOldClientsKeepNewFields(t *testing.T) {
	c := env.Client(t, nil)
	group := bare("kept", map[string]any{
		"nodeSelector": map[string]any{"team": "ml"}, "nodeSelectorPolicy": "Require", "limits": map[string]any{"costPerMonth": "300.00"},
		"disruption": map[string]any{"consolidation": "WhenEmpty"},
	})
	group.SetAPIVersion("autoscaler.vpsie.com/v1beta1")
	if err := c.Create(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	patch := []byte(`{"metadata":{"labels":{"by":"an-old-client"}}}`)
	old := bare("kept", nil)
	if err := c.Patch(t.Context(), old, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(group.Object["spec"], old.Object["spec"]); diff != "" {
		t.Errorf("spec (-before +after):\n%s", diff)
	}
	text, err := old.MarshalJSON()
	if err != nil || !bytes.Contains(text, []byte("an-old-client")) {
		t.Errorf("%s (%v)", text, err)
	}
}
