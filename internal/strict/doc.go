// Package strict reads YAML and JSON documents without forgiving anything: every
// unknown, repeated or ill-typed field is a fault that names the field.
package strict
