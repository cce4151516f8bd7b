package plan

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// A startup taint is read as the flag writes it, and matches what it says.
func TestStartupTaintsAreRead(t *testing.T) {
	taint := func(key, value string, effect corev1.TaintEffect) corev1.Taint {
		return corev1.Taint{Key: key, Value: value, Effect: effect}
	}
	for text, test := range map[string]struct{ yes, no corev1.Taint }{
		"a.example.com/x":              {taint("a.example.com/x", "v", "NoExecute"), taint("a.example.com/xy", "", "NoExecute")},
		"plain":                        {taint("plain", "", "NoSchedule"), taint("plainer", "", "NoSchedule")},
		"a.example.com/*":              {taint("a.example.com/x", "", "NoSchedule"), taint("b.example.com/x", "", "NoSchedule")},
		"*/starting":                   {taint("b.example.com/starting", "", "NoSchedule"), taint("b.example.com/started", "", "NoSchedule")},
		"a*a":                          {taint("aba", "", "NoSchedule"), taint("a", "", "NoSchedule")},
		"a.example.com/x=y":            {taint("a.example.com/x", "y", "NoSchedule"), taint("a.example.com/x", "z", "NoSchedule")},
		"a.example.com/x:NoExecute":    {taint("a.example.com/x", "y", "NoExecute"), taint("a.example.com/x", "y", "NoSchedule")},
		"a.example.com/x=y:NoSchedule": {taint("a.example.com/x", "y", "NoSchedule"), taint("a.example.com/x", "", "NoSchedule")},
	} {
		s, err := ParseStartupTaint(text)
		if err != nil || s.String() != text {
			t.Errorf("%s: read as %s, %v", text, s, err)
		}
		o := Options{StartupTaints: []StartupTaint{s}}
		if !o.IsStartupTaint(&test.yes) || o.IsStartupTaint(&test.no) {
			t.Errorf("%s: matches %v %t, %v %t", text, test.yes, o.IsStartupTaint(&test.yes), test.no, o.IsStartupTaint(&test.no))
		}
	}
	for text, want := range map[string]string{
		"": "want a taint's key", "*": "want a taint's key", "*/*": "one * at most", "a b": `the key "a b" is no taint's key`,
		"a=b c": `the value "b c"`, "a:Never": `the effect "Never" is not`, "a:": `the effect "" is not`,
	} {
		if _, err := ParseStartupTaint(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// The usual ones need no flag.
func TestUsualStartupTaints(t *testing.T) {
	for key, want := range map[string]bool{
		"ebs.csi.aws.com/agent-not-ready": true, "node.cilium.io/agent-not-ready": true, "readiness.k8s.io/x": true, TaintUninitialized: true,
		"startup-taint.cluster-autoscaler.kubernetes.io/x": true, "ignore-taint.cluster-autoscaler.kubernetes.io/x": true,
		"node.cloudprovider.kubernetes.io/uninitialized": true, "node.kubernetes.io/network-unavailable": true, "node.kubernetes.io/not-ready": true,
		"node.kubernetes.io/disk-pressure": false, "dedicated": false,
	} {
		if (&Options{}).IsStartupTaint(&corev1.Taint{Key: key}) != want {
			t.Errorf("%s: %t", key, !want)
		}
	}
}
