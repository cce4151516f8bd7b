package cluster

import (
	"maps"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The CEL rules of a NodeGroup's kubelet.
const (
	reservedNameRule = "kubelet: what is reserved must be cpu, memory, ephemeral-storage or pid"
	reservedRule     = "kubelet: what is reserved must be >= 0, such as 100m or 512Mi; leave it out to leave it to the image"
	signalRule       = "kubelet.evictionHard: a signal must be memory.available, nodefs.available, nodefs.inodesFree, imagefs.available, imagefs.inodesFree or pid.available"
	thresholdRule    = "kubelet.evictionHard: a threshold must be an amount such as 200Mi, or a percentage below 100% such as 5%"
)

var thresholdPattern = regexp.MustCompile(`^([0-9]{1,12}([.][0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?|[0-9]{1,2}([.][0-9]{1,3})?%)$`)

func checkKubelet(k *v1alpha1.Kubelet, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	if k == nil {
		return nil
	}
	for _, r := range []struct {
		name     string
		reserved v1alpha1.Reserved
	}{{"kubeReserved", k.KubeReserved}, {"systemReserved", k.SystemReserved}} {
		for _, name := range slices.Sorted(maps.Keys(r.reserved)) {
			q, at := r.reserved[name], path.Child(r.name).Key(name)
			if !slices.Contains([]string{"cpu", "memory", "ephemeral-storage", "pid"}, name) {
				faults = append(faults, field.Invalid(at, name, reservedNameRule))
			}
			if q.Sign() < 0 {
				faults = append(faults, field.Invalid(at, q.String(), reservedRule))
			}
		}
	}
	signals := []string{"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available"}
	for _, signal := range slices.Sorted(maps.Keys(k.EvictionHard)) {
		at := path.Child("evictionHard").Key(signal)
		if !slices.Contains(signals, signal) {
			faults = append(faults, field.Invalid(at, signal, signalRule))
		}
		if threshold := string(k.EvictionHard[signal]); !thresholdPattern.MatchString(threshold) {
			faults = append(faults, field.Invalid(at, threshold, thresholdRule))
		}
	}
	return faults
}
