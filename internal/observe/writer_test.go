package observe

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// unreachable is an API server that takes nothing.
type unreachable struct {
	client.Client
	scheme *runtime.Scheme
}

func (u unreachable) Scheme() *runtime.Scheme { return u.scheme }

// Whoever reads only the log misses no event: each is a line of it, whether or not it can
// be written, with its object and reason, and a Warning is a WARN.
func TestEveryEventIsALineOfTheLog(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w := NewWriter(unreachable{scheme: scheme}, slog.New(slog.NewJSONHandler(&log, nil)))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1"}}
	v := NewVoice(w)
	v.Say(pod, normal("NodeOrdered", "ScaleUp", "node a is on its way"))
	v.SayNew(pod, warning("ScaleUpRefused", "ScaleUp", "100%% too large"))
	v.SayNew(pod, warning("ScaleUpRefused", "ScaleUp", "100%% too large"))
	type line struct{ Level, Msg, Reason, Kind, Namespace, Name string }
	var lines []line
	for d := json.NewDecoder(&log); d.More(); {
		var l line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	want := []line{
		{"INFO", "node a is on its way", "NodeOrdered", "Pod", "shop", "web-1"},
		{"WARN", "100% too large", "ScaleUpRefused", "Pod", "shop", "web-1"},
	}
	if len(lines) != 2 || lines[0] != want[0] || lines[1] != want[1] {
		t.Errorf("%+v, want %+v", lines, want)
	}
}
