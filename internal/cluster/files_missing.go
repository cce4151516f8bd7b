package cluster

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// missing says which kinds a dump of a cluster lacks that decisions depend on: a plan
// from half a dump looks like any other. Files without running pods are no dump.
func (r *reader) missing() []string {
	o := &r.objects
	running, claims := false, false
	for _, p := range o.Pods {
		running = running || p.Spec.NodeName != ""
		for i := range p.Spec.Volumes {
			claims = claims || p.Spec.Volumes[i].PersistentVolumeClaim != nil
		}
	}
	var lacking []string
	lack := func(yes bool, text string) {
		if yes {
			lacking = append(lacking, text)
		}
	}
	if running && len(o.Nodes) > 0 {
		lack(len(o.DaemonSets) == 0, "DaemonSets (new nodes are planned without their pods)")
		lack(len(o.Namespaces) == 0, "Namespaces (only their names are known)")
		lack(len(o.Budgets) == 0, "PodDisruptionBudgets (nodes are removed as if there were none)")
	}
	lack(claims && len(o.Claims) == 0, "PersistentVolumeClaims (pods that use one get no node)")
	bound, classes := false, false
	for _, c := range o.Claims {
		bound = bound || c.Spec.VolumeName != ""
		classes = classes || c.Spec.VolumeName == "" && (c.Spec.StorageClassName == nil || *c.Spec.StorageClassName != "")
	}
	lack(bound && len(o.Volumes) == 0, "PersistentVolumes (pods that use one get no node)")
	lack(classes && len(o.StorageClasses) == 0, "StorageClasses (claims that wait for a volume get none)")
	if len(lacking) == 0 {
		return r.missingDaemonSets()
	}
	return append(r.missingDaemonSets(), "not among the objects: "+strings.Join(lacking, ", ")+"; plan --help shows how to print all that matters")
}

// missingDaemonSets names those whose pods run and that are not there themselves.
func (r *reader) missingDaemonSets() []string {
	there := map[string]bool{}
	for _, d := range r.objects.DaemonSets {
		there[d.Namespace+"/"+d.Name] = true
	}
	var absent []string
	for _, p := range r.objects.Pods {
		owner := metav1.GetControllerOfNoCopy(p)
		if owner != nil && owner.Kind == "DaemonSet" && strings.HasPrefix(owner.APIVersion, "apps/") && !there[p.Namespace+"/"+owner.Name] {
			absent = append(absent, p.Namespace+"/"+owner.Name)
		}
	}
	if len(absent) == 0 || len(there) == 0 {
		return nil
	}
	slices.Sort(absent)
	return []string{"new nodes are planned without the pods of DaemonSets that are not there: " + some(slices.Compact(absent))}
}

// workloadNotes say which pods were made up, and whose pods are not known.
func (r *reader) workloadNotes() []string {
	var notes []string
	add := func(format string, names []string) {
		if len(names) > 0 {
			slices.Sort(names)
			notes = append(notes, fmt.Sprintf(format, some(names)))
		}
	}
	add("pods that are not there yet are planned for: %s", r.made)
	add("no pods are planned for workloads whose spec.template has no containers: %s", r.bare)
	var unseen []string
	for _, b := range r.objects.Budgets {
		if s := b.Status; s.ObservedGeneration == 0 && s.ExpectedPods == 0 && s.DesiredHealthy == 0 && s.DisruptionsAllowed == 0 && len(s.Conditions) == 0 {
			unseen = append(unseen, title(b.Namespace, b.Name))
		}
	}
	add("PodDisruptionBudgets without a status allow no disruption, as only the cluster works out what they allow: %s; print them with kubectl get pdb -A -o yaml", unseen)
	add("pods of these are planned for only where they are among the objects: %s", r.makers)
	return notes
}

// makesPods are kinds of others whose controllers make pods that the autoscaler does not
// work out.
func makesPods(kind string) bool {
	return slices.Contains([]string{
		"CronJob", "ReplicationController", "DeploymentConfig", "Rollout", "CloneSet", "PodGroup", "Workflow", "RayCluster", "PyTorchJob",
		"JobSet", "LeaderWorkerSet", "Service.serving.knative.dev",
	}, kind)
}
