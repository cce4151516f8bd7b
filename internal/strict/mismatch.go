package strict

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	kjson "sigs.k8s.io/json"
)

// mismatches lists the values that do not suit the Go type they are to be read
// into, each with its path.
func mismatches(t reflect.Type, raw any, path string) []error {
	if raw == nil {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return single(t, raw, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		if object, ok := raw.(map[string]any); ok {
			return structMismatches(t, object, path)
		}
		return wrong(path, "an object", raw)
	case reflect.Map:
		object, ok := raw.(map[string]any)
		if !ok {
			return wrong(path, "an object", raw)
		}
		var found []error
		for _, key := range slices.Sorted(maps.Keys(object)) {
			found = append(found, mismatches(t.Elem(), object[key], child(path, key))...)
		}
		return found
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return single(t, raw, path)
		}
		list, ok := raw.([]any)
		if !ok {
			return wrong(path, "a list", raw)
		}
		var found []error
		for i, item := range list {
			found = append(found, mismatches(t.Elem(), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return found
	}
	return single(t, raw, path)
}

func structMismatches(t reflect.Type, object map[string]any, path string) []error {
	var found []error
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case name == "" && f.Anonymous:
			found = append(found, mismatches(f.Type, object, path)...)
		default:
			if name == "" {
				name = f.Name
			}
			found = append(found, mismatches(f.Type, object[name], child(path, name))...)
		}
	}
	return found
}

// single tries one value by itself.
func single(t reflect.Type, raw any, path string) []error {
	data, err := json.Marshal(raw)
	if err != nil {
		return []error{fmt.Errorf("%s: %w", path, err)}
	}
	if err := checkExponent(t, data); err != nil {
		return []error{fmt.Errorf("%s: invalid value %s: %w", path, data, err)}
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, reflect.New(t).Interface()); err != nil {
		if want := wanted(t, raw); want != "" {
			return wrong(path, want, raw)
		}
		return []error{fmt.Errorf("%s: invalid value %s: %w", path, data, err)}
	}
	return nil
}

// wanted describes a basic type to somebody who wrote raw; empty for a type that
// explains itself.
func wanted(t reflect.Type, raw any) string {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return ""
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int32, reflect.Int, reflect.Int64:
		text, isText := raw.(string)
		switch _, err := strconv.ParseInt(text, 10, t.Bits()); {
		case isText && err == nil:
			return "a whole number, written without quotes as " + text
		case isText || t.Kind() != reflect.Int32:
			return "a whole number"
		}
		return "a whole number of 32 bits"
	}
	return ""
}

func wrong(path, want string, raw any) []error {
	if path == "" {
		return []error{fmt.Errorf("want %s, found %s", want, describe(raw))}
	}
	return []error{fmt.Errorf("%s: want %s, found %s", path, want, describe(raw))}
}

// child is the path of a key below another, with keys that are no simple words in
// brackets.
func child(path, key string) string {
	switch {
	case strings.ContainsAny(key, "./[] "):
		return path + "[" + key + "]"
	case path == "":
		return key
	}
	return path + "." + key
}
