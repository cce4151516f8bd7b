package reference

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Sources are what the pages are made from, besides this module's packages.
type Sources struct {
	// Root is the module's directory: comments are read there.
	Root string
	// Run holds the flags of `vpsie-autoscaler run`.
	Run *pflag.FlagSet
	// Metrics are those that the controller serves.
	Metrics []observe.Metric
}

// Pages makes all pages.
func Pages(s Sources) ([]Page, error) {
	names, err := constants(s.Root, "api/v1alpha1/names.go")
	if err != nil {
		return nil, err
	}
	group, err := objectPage("nodegroups", "nodegroup.md")
	if err != nil {
		return nil, err
	}
	machine, err := objectPage("vpsienodes", "vpsienode.md")
	if err != nil {
		return nil, err
	}
	phases, err := phasesOf(s.Root)
	if err != nil {
		return nil, err
	}
	account, err := accountPage(s.Root)
	if err != nil {
		return nil, err
	}
	if machine.Tables[1].Rows, err = withAdmission(machine.Tables[1].Rows); err != nil {
		return nil, err
	}
	machine.Tables = append(machine.Tables, phases)
	return []Page{
		group, machine, namesPage(names), eventsPage(), errorsPage(), metricsPage(s.Metrics), flagsPage(s.Run), account, commandsPage(),
	}, nil
}

func objectPage(plural, file string) (Page, error) {
	k, err := kindOf(plural)
	if err != nil {
		return Page{}, err
	}
	conditions := Table{
		Title: "Conditions", Head: []string{"type", "True means", "reasons"},
		Intro: "Each has `status`, `reason`, `message`, `lastTransitionTime` (also of a new reason) and `observedGeneration`.",
	}
	for _, c := range observe.Conditions() {
		if c.On == k.name {
			conditions.Rows = append(conditions.Rows, Row{k.name + " condition", c.Type, []string{c.Means, "`" + strings.Join(c.Reasons, "`, `") + "`"}})
		}
	}
	return Page{
		File: file, Title: k.name,
		Intro:  fmt.Sprintf("API group `autoscaler.vpsie.com`, versions %s with the same fields ([api.md](../api.md)), short name `%s`. %s Identifiers of datacenters, offerings, images and ssh keys may be the cloud's own or its names.", "`"+strings.Join(k.versions, "`, `")+"`", k.short, strings.Join(strings.Fields(k.about), " ")),
		Tables: []Table{k.fields(), k.rules(), conditions},
	}, nil
}

func phasesOf(root string) (Table, error) {
	all, err := constants(root, "api/v1alpha1/vpsienode_types.go")
	if err != nil {
		return Table{}, err
	}
	t := Table{Title: "Phases", Head: []string{"phase", "what"}, Rows: rows(all, "VPSieNode phase", "Phase")}
	return t, nil
}

func namesPage(names []constant) Page {
	return Page{
		File: "names.md", Title: "Annotations, labels and taints",
		Tables: []Table{
			annotations(names),
			{Title: "Labels", Intro: "A node has those of `spec.labels` besides.", Head: []string{"label", "what"}, Rows: rows(names, "label", "Label")},
			{Title: "Taints", Head: []string{"taint", "what"}, Rows: rows(names, "taint", "Taint")},
			{Title: "Finalizers", Head: []string{"finalizer", "what"}, Rows: rows(names, "finalizer", "Finalizer")},
		},
	}
}

func annotations(names []constant) Table {
	t := Table{Title: "Annotations", Head: []string{"annotation", "on", "what"}}
	for _, c := range names {
		if strings.HasPrefix(c.name, "Annotation") {
			t.Rows = append(t.Rows, Row{"annotation", c.value, []string{strings.TrimSuffix(strings.TrimPrefix(c.about, "Annotations of "), "."), c.doc}})
		}
	}
	return t
}

func eventsPage() Page {
	p := Page{File: "events.md", Title: "Events", Intro: `Said when something happens or changes, not in every round; two events about one object never say the same.
Pods hear their verdict when it changes: a hundred at once, then ten a second, the others later; meanwhile the events of the NodeGroups tell of them together,
and the metric ` + "`vpsie_autoscaler_pods_pending`" + ` counts them. Pods that are held back by a scheduling gate, or are another scheduler's, hear nothing.`}
	for _, on := range []string{"NodeGroup", "VPSieNode", "Pod"} {
		t := Table{Title: "On a " + on, Head: []string{"reason", "type", "when"}}
		for _, e := range observe.Events() {
			if e.On == on {
				t.Rows = append(t.Rows, Row{on + " event", e.Reason, []string{e.Type, e.When}})
			}
		}
		p.Tables = append(p.Tables, t)
	}
	return p
}

func errorsPage() Page {
	t := Table{Title: "Texts", Head: []string{"text", "cause", "what helps"}}
	for _, e := range observe.Errors() {
		t.Rows = append(t.Rows, Row{"error", e.Text, []string{e.Cause, e.Remedy}})
	}
	return Page{File: "errors.md", Title: "Errors", Intro: "They stand in conditions, in `status.lastError` and in events, followed by the field, its value and the way out.", Tables: []Table{t}}
}

func metricsPage(metrics []observe.Metric) Page {
	t := Table{Title: "Metrics", Head: []string{"name", "type", "labels", "what"}}
	for _, m := range metrics {
		labels := ""
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		t.Rows = append(t.Rows, Row{"metric", m.Name, []string{m.Type, labels, m.Help}})
	}
	return Page{
		File: "metrics.md", Title: "Metrics", Tables: []Table{t},
		Intro: "On `--metrics-bind-address`, path `/metrics`, with those of controller-runtime and Go beside them. Every series whose labels are known beforehand is there from the start, at zero. No label names a pod or a node.",
	}
}

func flagsPage(flags *pflag.FlagSet) Page {
	t := Table{Title: "Flags", Head: []string{"flag", "type", "default", "what"}}
	flags.VisitAll(func(f *pflag.Flag) {
		value := ""
		if f.DefValue != "" {
			value = "`" + f.DefValue + "`"
		}
		t.Rows = append(t.Rows, Row{"flag", "--" + f.Name, []string{f.Value.Type(), value, f.Usage}})
	})
	return Page{File: "flags.md", Title: "Flags of `vpsie-autoscaler run`", Tables: []Table{t}}
}

func accountPage(root string) (Page, error) {
	all, err := constants(root, "internal/cloud/cloud.go")
	if err != nil {
		return Page{}, err
	}
	return Page{
		File: "account.md", Title: "Secret `vpsie-secret`",
		Intro:  "It holds the VPSie account, and is read again when it changes. Either `token`, or `clientId` and `clientSecret`, is needed, and `accountPassword`.",
		Tables: []Table{{Title: "Keys", Head: []string{"key", "what"}, Rows: rows(all, "Secret key", "Key")}},
	}, nil
}

func commandsPage() Page {
	t := Table{Title: "Commands", Head: []string{"command", "what"}}
	for _, c := range commands() {
		t.Rows = append(t.Rows, Row{"command", c.line, []string{c.what}})
	}
	return Page{File: "commands.md", Title: "kubectl", Tables: []Table{t}}
}

type command struct{ line, what string }

func commands() []command {
	return []command{
		{"kubectl get nodegroups -n kube-system", "all NodeGroups"},
		{"kubectl get ng -n kube-system", "the same, by the short name"},
		{"kubectl describe nodegroup production-workers -n kube-system", "all about one, with its events"},
		{"kubectl get nodegroup production-workers -n kube-system -o yaml", "one as YAML"},
		{"kubectl edit nodegroup production-workers -n kube-system", "change it, such as minNodes and maxNodes"},
		{"kubectl delete nodegroup production-workers -n kube-system", "delete it; all its nodes are drained and their VPSes deleted"},
		{"kubectl get ng -n kube-system -w", "follow the status"},
		{"kubectl wait -n kube-system --for=condition=Ready ng/production-workers", "wait until every wanted node is ready"},
		{"kubectl get vpsienodes -n kube-system", "all VPSieNodes"},
		{"kubectl get vn -n kube-system", "the same, by the short name"},
		{"kubectl get vn -n kube-system -l nodegroup=production-workers", "those of a NodeGroup"},
		{"kubectl describe vpsienode vpsie-prod-workers-abc123 -n kube-system", "all about one, with its events"},
		{"kubectl get vn vpsie-prod-workers-abc123 -n kube-system -o yaml", "one as YAML"},
		{"kubectl get vn -n kube-system -w", "follow the phases"},
		{"kubectl get vn -n kube-system --field-selector status.phase=Provisioning", "those in a phase; spec.nodeGroupName and status.nodeName can be selected as well"},
		{"kubectl get ng -n kube-system -o custom-columns=NAME:.metadata.name,MIN:.spec.minNodes,MAX:.spec.maxNodes,CURRENT:.status.currentNodes,READY:.status.readyNodes,DESIRED:.status.desiredNodes", "columns of your choice"},
		{"kubectl get vn -n kube-system -o custom-columns=NAME:.metadata.name,PHASE:.status.phase,NODE:.status.nodeName,VPS-ID:.spec.vpsieInstanceID,TYPE:.spec.instanceType,IP:.spec.ipAddress", "columns of your choice"},
	}
}
