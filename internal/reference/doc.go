// Package reference makes the pages of docs/reference from the code: from the
// CustomResourceDefinitions, the flags, the metrics, and the words of observe.
package reference
