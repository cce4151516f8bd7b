package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/record"
)

// recordLength is how long the pods of a single record are simulated unless it is said.
const recordLength = 24 * time.Hour

// Recorded makes a workload of records. A pod is wanted from its creation on, or from the
// first record, until the first record that has not got it. The workload lasts until the last
// record, or for least where that is longer, a day when both say nothing. Pods of DaemonSets
// are left out, since nodes bring them, and so are volumes, which tie pods to nodes that are
// not simulated. "-" is stdin.
func Recorded(files []string, stdin io.Reader, least time.Duration) (*Workload, error) {
	records := make([]*record.Record, len(files))
	for i, file := range files {
		var err error
		if records[i], err = record.ReadFile(file, stdin); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(records, func(a, b *record.Record) int { return a.At.Compare(b.At) })
	begin, end := records[0].At, records[len(records)-1].At
	w := &Workload{Name: filepath.Base(files[0]), Length: max(end.Sub(begin), least)}
	if len(files) > 1 {
		w.Name = observe.Count(len(files), "record")
	}
	if w.Length == 0 {
		w.Length = recordLength
	}
	wanted := map[string]int{}
	for _, r := range records {
		objects, _, _ := r.Input()
		there := map[string]bool{}
		for _, p := range objects.Pods {
			if plan.EndsWithNode(p) || p.DeletionTimestamp != nil {
				continue
			}
			key := cmp.Or(string(p.UID), p.Namespace+"/"+p.Name)
			there[key] = true
			if _, known := wanted[key]; !known {
				wanted[key] = len(w.Demands)
				w.Demands = append(w.Demands, demandOf(p, max(p.CreationTimestamp.Sub(begin), 0)))
			}
		}
		for key, i := range wanted {
			if d := &w.Demands[i]; !there[key] && d.Deleted == forEver {
				d.Deleted = r.At.Sub(begin)
			}
		}
	}
	if len(w.Demands) == 0 {
		return nil, errors.New("no pod in it that an autoscaler would buy for")
	}
	w.unique()
	w.sort()
	return w, nil
}

func demandOf(p *corev1.Pod, created time.Duration) Demand {
	template := p.DeepCopy()
	template.Spec.Volumes = nil
	d := Demand{Namespace: p.Namespace, Name: p.Name, Created: created.Truncate(time.Second), Deleted: forEver, Labels: p.Labels, NodeSelector: p.Spec.NodeSelector, Template: template}
	d.MilliCPU, d.Memory = plan.NewPod(p).Asks()
	return d
}

// unique gives a number to pods whose name another had before, as those of StatefulSets do.
func (w *Workload) unique() {
	seen := map[string]int{}
	for i := range w.Demands {
		d := &w.Demands[i]
		name := d.Namespace + "/" + d.Name
		if seen[name]++; seen[name] > 1 {
			d.Name = fmt.Sprintf("%s-again-%d", d.Name, seen[name])
		}
	}
}
