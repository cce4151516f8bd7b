package strict

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	kjson "sigs.k8s.io/json"
)

// Decode reads JSON into what v points to, as the Kubernetes API server reads
// objects in strict mode. Every fault names the field it is about.
func Decode(data []byte, v any) []error {
	if faults := hugeExponents(data, v); len(faults) > 0 {
		return faults
	}
	faults, err := kjson.UnmarshalStrict(data, v)
	if err == nil {
		return faults
	}
	return append(Mismatches(data, v, err), faults...)
}

// IsUnknownField says that a fault of Decode is a field that the Go type does not have.
func IsUnknownField(fault error) bool { return strings.HasPrefix(fault.Error(), "unknown field ") }

// Mismatches explains err, with which the JSON was refused as what v points to: the
// decoder stops at the first value of a wrong type, and does not always say where.
func Mismatches(data []byte, v any, err error) []error {
	var raw any
	if kjson.UnmarshalCaseSensitivePreserveInts(data, &raw) != nil {
		return []error{err}
	}
	if found := mismatches(reflect.TypeOf(v).Elem(), raw, ""); len(found) > 0 {
		return found
	}
	return []error{err}
}

// describe names the kind of a decoded JSON value for an error message.
func describe(raw any) string {
	switch v := raw.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("the text %q", v)
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	}
	return fmt.Sprintf("the number %v", raw)
}

// WantObject refuses JSON that is a text, a number or a list.
func WantObject(data []byte) error {
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return nil
	}
	var raw any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &raw); err != nil {
		return err
	}
	return errors.New("want an object, found " + describe(raw))
}
