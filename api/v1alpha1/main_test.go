package v1alpha1_test

import (
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }

// autoscaler returns a client with every right and the autoscaler's user name, on which admission
// depends.
func autoscaler(t *testing.T) client.WithWatch {
	t.Helper()
	return env.Client(t, env.As(config.User, "system:masters"))
}

// example returns the reference's example of that file, under a name of its own.
func example(t *testing.T, file, name string) *unstructured.Unstructured {
	t.Helper()
	text, err := config.FS.ReadFile("samples/" + file)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := testenv.Objects(text)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%s holds %d objects (%v), want one", file, len(objects), err)
	}
	objects[0].SetName(name)
	return objects[0]
}

// fields are the fields to change, by dotted path; absent removes one.
type fields map[string]any

var absent = struct{}{}

func (f fields) apply(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	for path, value := range f {
		keys := strings.Split(path, ".")
		if value == absent {
			unstructured.RemoveNestedField(object.Object, keys...)
			continue
		}
		if err := unstructured.SetNestedField(object.Object, value, keys...); err != nil {
			t.Fatalf("setting %s: %v", path, err)
		}
	}
}

// checkRefusal fails the test unless err is a refusal that contains every word of want, or, with
// no words, unless err is nil.
func checkRefusal(t *testing.T, err error, want ...string) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Errorf("accepted, want a refusal that says %q", want)
		return
	}
	for _, word := range want {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("refused with %q, which does not say %q", err, word)
		}
	}
}
