package testenv

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// guardVariable makes this test binary start a guarded program in the directory it names, and die.
const guardVariable = "TESTENV_GUARD_DIRECTORY"

func TestGuardedProgramEndsWithItsOwner(t *testing.T) {
	if dir := os.Getenv(guardVariable); dir != "" {
		startGuardedAndDie(dir)
	}
	dir := filepath.Join(t.TempDir(), "guarded")
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// The guarded program inherits the pipe, so that its end is the end of the output.
	owner := exec.Command(os.Args[0], "-test.run=^TestGuardedProgramEndsWithItsOwner$")
	owner.Env = append(os.Environ(), guardVariable+"="+dir)
	owner.Stdout = input
	if err := owner.Run(); owner.ProcessState.ExitCode() != 3 {
		t.Fatalf("the owner: %v, want exit status 3", err)
	}
	input.Close()
	output.SetReadDeadline(time.Now().Add(patience))
	reader := bufio.NewReader(output)
	if line, err := reader.ReadString('\n'); line != "running\n" {
		t.Fatalf("the guarded program says %q, %v", line, err)
	}
	if rest, err := io.ReadAll(reader); err != nil || len(rest) > 0 {
		t.Fatalf("the guarded program lives on: %q, %v", rest, err)
	}
	Eventually(t, func(context.Context) error {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			return fmt.Errorf("%s is still there: %w", dir, err)
		}
		return nil
	})
}

func startGuardedAndDie(dir string) {
	forever := filepath.Join(filepath.Dir(dir), "forever")
	script, err := "", os.Mkdir(dir, 0o700)
	if err == nil {
		err = os.WriteFile(forever, []byte("#!/bin/sh\necho running\n: >\"$0.started\"\nexec sleep 1000000\n"), 0o700)
	}
	if err == nil {
		script, err = guarded(forever, dir)
	}
	if err == nil {
		program := exec.Command(script)
		program.Stdout = os.Stdout
		err = program.Start()
	}
	if err != nil {
		panic(err)
	}
	// An owner that dies sooner takes the program with it before it has said anything.
	for range time.Tick(10 * time.Millisecond) {
		if _, err := os.Stat(forever + ".started"); err == nil {
			os.Exit(3)
		}
	}
}
