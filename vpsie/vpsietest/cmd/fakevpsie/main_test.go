package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRunServesUntilItsEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-knobs", `{"quota":7}`}, in, io.Discard) }()
	text := make([]byte, 1000)
	n, err := out.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text[:n])), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "VPSIE_URL=http://127.0.0.1:") {
		t.Fatalf("printed %q", lines)
	}
	admin, ok := strings.CutPrefix(lines[1], "VPSIE_ADMIN_URL=")
	if !ok {
		t.Fatalf("printed %q", lines)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, admin+"/knobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), `"quota":7`) {
		t.Errorf("GET /knobs = %s, %v", body, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run = %v", err)
	}
}

func TestRunRefusesBadArguments(t *testing.T) {
	for want, args := range map[string][]string{
		`"x" is not a flag`:               {"x"},
		"reading -knobs: nope: no such":   {"-knobs", `{"nope":1}`},
		"flag provided but not defined":   {"-nope"},
		`listening on "127.0.0.1:999999"`: {"-listen", "127.0.0.1:999999"},
	} {
		var stderr bytes.Buffer
		if err := run(t.Context(), args, io.Discard, &stderr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run %v = %v, want %q", args, err, want)
		}
	}
}
