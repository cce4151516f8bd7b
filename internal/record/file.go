package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
)

// mostBytes bounds a record that is written or read, unpacked: 5,000 nodes with 150,000 pods
// take about a fifth of it.
const mostBytes = 512 << 20

// Write writes the record as JSON.
func (r *Record) Write(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("writing the record: %w", err)
	}
	if len(text) > mostBytes {
		return fmt.Errorf("writing the record: it would have %d MiB, more than %d MiB", len(text)>>20, mostBytes>>20)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// WriteFile writes the record to a file, compressed when its name ends in .gz.
func (r *Record) WriteFile(name string) error {
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		return err
	}
	if !strings.HasSuffix(name, ".gz") {
		return os.WriteFile(name, text.Bytes(), 0o600)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, packed.Bytes(), 0o600)
}

// ReadFile reads a record; "-" is stdin. The error names the file and what is wrong with it.
func ReadFile(name string, stdin io.Reader) (*Record, error) {
	in := stdin
	if name == "-" {
		name = "stdin"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	r, err := Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Read reads a record, compressed or not.
func Read(in io.Reader) (*Record, error) {
	buffered := bufio.NewReader(in)
	in = buffered
	if head, err := buffered.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("unpacking it: %w", err)
		}
		in = z
	}
	text, err := io.ReadAll(io.LimitReader(in, mostBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > mostBytes:
		return nil, fmt.Errorf("it has more than %d MiB", mostBytes>>20)
	}
	var head struct{ APIVersion, Kind string }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not a record: %w", err)
	}
	if head.Kind != Kind || head.APIVersion != APIVersion {
		return nil, fmt.Errorf("apiVersion %q and kind %q are not %s and %s: only a file that the command record of a matching version wrote can be read", head.APIVersion, head.Kind, APIVersion, Kind)
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("not a record: %w", err)
	}
	return &r, r.check()
}

// check refuses what no record that was written whole has.
func (r *Record) check() error {
	switch {
	case r.At.IsZero():
		return errors.New("at: the time is missing")
	case r.Objects == nil:
		return errors.New("objects: they are missing")
	}
	lists := reflect.ValueOf(*r.Objects)
	for i := range lists.NumField() {
		list := lists.Field(i)
		if list.Kind() != reflect.Slice || !lists.Type().Field(i).IsExported() {
			continue
		}
		for j := range list.Len() {
			if list.Index(j).IsNil() {
				return fmt.Errorf("objects: item %d of %s is null", j, lists.Type().Field(i).Tag.Get("json"))
			}
		}
	}
	for i, class := range r.Pods.Classes {
		if class == nil {
			return fmt.Errorf("pods.classes[%d] is null", i)
		}
	}
	for i := range r.Pods.Pods {
		if c := r.Pods.Pods[i].Class; c < 0 || c >= len(r.Pods.Classes) {
			return fmt.Errorf("pods.pods[%d].class: %d is none of the %d classes", i, c, len(r.Pods.Classes))
		}
	}
	return nil
}
