package simulate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Columns of a trace. Times are seconds from the trace's begin; nobody needs more than the
// first four.
const (
	columnCreated   = "created_s"
	columnDeleted   = "deleted_s"
	columnCPU       = "cpu_milli"
	columnMemory    = "memory_mib"
	columnQoS       = "qos"
	columnNamespace = "namespace"
	columnName      = "name"
)

func neededColumns() []string {
	return []string{columnCreated, columnDeleted, columnCPU, columnMemory}
}

const (
	// mostSeconds is some hundred years, mostAmount more than any machine has.
	mostSeconds, mostAmount = 1 << 32, 1 << 40
	// mostTraceFaults is how many wrong rows are named.
	mostTraceFaults = 5
)

// ReadTrace reads a CSV file with the columns created_s, deleted_s, cpu_milli and memory_mib
// in any order, and qos, namespace and name where they are there; others are left alone. A
// row is a pod. An empty deleted_s is a pod that stays to the end. The begin of the
// workload is the trace's second 0.
func ReadTrace(r io.Reader, file string) (*Workload, error) {
	reader := csv.NewReader(r)
	reader.TrimLeadingSpace, reader.ReuseRecord = true, true
	head, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("reading trace %s: %w", file, noRows(err))
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.TrimPrefix(strings.TrimSpace(name), "\ufeff")] = i
	}
	for _, name := range neededColumns() {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("reading trace %s: the first line has no column %s; want %s", file, name, strings.Join(neededColumns(), ", "))
		}
	}
	w := &Workload{Name: file}
	var faults []error
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading trace %s: %w", file, err)
		}
		line, _ := reader.FieldPos(0)
		row := traceRow{record, at}
		d, err := row.demand(len(w.Demands) + 1)
		if err != nil {
			if faults = append(faults, fmt.Errorf("reading trace %s: line %d: %w", file, line, err)); len(faults) == mostTraceFaults {
				break
			}
			continue
		}
		w.Length = max(w.Length, d.Created)
		if d.Deleted != forEver {
			w.Length = max(w.Length, d.Deleted)
		}
		w.Demands = append(w.Demands, d)
	}
	if len(faults) == 0 && len(w.Demands) == 0 {
		faults = append(faults, fmt.Errorf("reading trace %s: it has no pods", file))
	}
	w.sort()
	return w, errors.Join(faults...)
}

// forEver is the time of what stays to the end.
const forEver = time.Duration(math.MaxInt64)

func noRows(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	return err
}

type traceRow struct {
	record []string
	at     map[string]int
}

func (r traceRow) text(column string) string {
	if i, ok := r.at[column]; ok {
		return strings.TrimSpace(r.record[i])
	}
	return ""
}

func (r traceRow) number(column string, most float64) (float64, error) {
	n, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil || !(n >= 0 && n <= most) {
		return 0, fmt.Errorf("%s: %q is not a number from 0 to %.0f", column, r.text(column), most)
	}
	return n, nil
}

func (r traceRow) demand(number int) (Demand, error) {
	d := Demand{Namespace: r.text(columnNamespace), Name: r.text(columnName), Deleted: forEver}
	created, err1 := r.number(columnCreated, mostSeconds)
	cpu, err2 := r.number(columnCPU, mostAmount)
	memory, err3 := r.number(columnMemory, mostAmount)
	err := errors.Join(err1, err2, err3)
	d.Created, d.MilliCPU, d.Memory = seconds(created), int64(math.Ceil(cpu)), int64(math.Ceil(memory*(1<<20)))
	if r.text(columnDeleted) != "" {
		deleted, err4 := r.number(columnDeleted, mostSeconds)
		if d.Deleted = seconds(deleted); err4 == nil && deleted < created {
			err4 = fmt.Errorf("%s: %s is before %s %s", columnDeleted, r.text(columnDeleted), columnCreated, r.text(columnCreated))
		}
		err = errors.Join(err, err4)
	}
	if d.Namespace == "" {
		d.Namespace = "default"
	}
	// Names of traces need not be unique, and are no names of Kubernetes.
	d.Name = fmt.Sprintf("%s-%06d", podName(d.Name), number)
	if qos := r.text(columnQoS); qos != "" {
		d.Labels = map[string]string{columnQoS: qos}
	}
	return d, err
}

func seconds(s float64) time.Duration { return time.Duration(s) * time.Second }

// podName makes a name that Kubernetes takes.
func podName(name string) string {
	clean := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, name)
	clean = strings.Trim(clean[:min(len(clean), 40)], "-")
	if clean == "" {
		return "pod"
	}
	return clean
}

// Namespaces are all that the workload names.
func (w *Workload) Namespaces() []string {
	var names []string
	for i := range w.Demands {
		if !slices.Contains(names, w.Demands[i].Namespace) {
			names = append(names, w.Demands[i].Namespace)
		}
	}
	slices.Sort(names)
	return names
}
