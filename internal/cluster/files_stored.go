package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/strict"
)

// kubernetesVersion is the release whose fields are known: that of k8s.io/api.
const kubernetesVersion = "1.37"

// verdict is what was found wrong with an object.
type verdict struct {
	// faults are errors.
	faults []error
	// passed is what a cluster can hold anyway, and Kubernetes passes over.
	passed []string
}

// isStored says that an API server gave the object out.
func isStored(o client.Object) bool { return o.GetUID() != "" && o.GetResourceVersion() != "" }

// isInUse says that the object shows what only a cluster writes. Tools that tidy dumps
// up take uid and resourceVersion away.
func isInUse(o client.Object) bool {
	switch o := o.(type) {
	case *corev1.Pod:
		return o.Spec.NodeName != "" || o.Status.Phase != ""
	case *policyv1.PodDisruptionBudget:
		return o.Status.ObservedGeneration > 0 || o.Status.ExpectedPods > 0 || len(o.Status.Conditions) > 0
	case *corev1.PersistentVolume:
		return o.Spec.ClaimRef != nil || o.Status.Phase != ""
	}
	return false
}

// unknownFields sorts the decoder's faults: fields that this program does not know come
// from a newer cluster when an API server gave them out, else from a typing error.
func (v *verdict) unknownFields(o client.Object, faults []error, known string) {
	for _, fault := range faults {
		switch {
		case !strict.IsUnknownField(fault):
			v.faults = append(v.faults, fault)
		case isStored(o):
			v.passed = append(v.passed, fmt.Sprintf("%v, not among those of %s, so no decision depends on it", fault, known))
		default:
			v.faults = append(v.faults, fmt.Errorf("%w; the fields of %s are understood", fault, known))
		}
	}
}

// invalid sorts what the rules of the kind say. API servers keep what older releases let
// pass, and kube-scheduler and the eviction API pass over what they cannot parse.
func (v *verdict) invalid(o client.Object, wrong field.ErrorList) {
	inCluster := isStored(o) || isInUse(o)
	for _, fault := range wrong {
		if fault.Origin == neverStored || !inCluster && !isOldLabelValue(fault) {
			v.faults = append(v.faults, fault)
			continue
		}
		v.passed = append(v.passed, passedOver(fault))
	}
}

// passedOver words a fault shortly: the rule for label values is long and well known.
func passedOver(fault *field.Error) string {
	text := fault.Error()
	if isOldLabelValue(fault) {
		text = fmt.Sprintf("%s: %q is no valid label value", fault.Field, fault.BadValue)
	}
	return text + "; Kubernetes passes over it, and so does the plan"
}

// neverStored marks faults that no API server ever let pass.
const neverStored = "never stored"

// isOldLabelValue says that a selector names a value that no label can have: the one
// fault that API servers still keep in all selectors that had it before they refused it.
func isOldLabelValue(fault *field.Error) bool {
	value, isText := fault.BadValue.(string)
	return fault.Type == field.ErrorTypeInvalid && isText && strings.Contains(fault.Field, "elector") && len(validation.IsValidLabelValue(value)) > 0
}

// fieldErrors are the errors about fields that an error is made of.
func fieldErrors(err error, path *field.Path) field.ErrorList {
	if err == nil {
		return nil
	}
	if many, ok := errors.AsType[utilerrors.Aggregate](err); ok {
		var all field.ErrorList
		for _, one := range many.Errors() {
			all = append(all, fieldErrors(one, path)...)
		}
		return all
	}
	if fault, ok := errors.AsType[*field.Error](err); ok {
		return field.ErrorList{fault}
	}
	return field.ErrorList{field.Invalid(path, "", err.Error())}
}

// passedNotes are what was passed over, the same of many objects in one line.
func passedNotes(passed map[string][]string) []string {
	var notes []string
	for text, objects := range passed {
		slices.Sort(objects)
		notes = append(notes, fmt.Sprintf("%s: %s", some(slices.Compact(objects)), text))
	}
	slices.Sort(notes)
	return notes
}

// withoutIndexes makes the faults of many objects alike.
func withoutIndexes(text string) string {
	return regexp.MustCompile(`\[\d+\]`).ReplaceAllString(text, "[]")
}
