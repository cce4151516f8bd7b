package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
)

func main() {
	if err := bench(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(args) > 0 && args[0] == "weeks" {
		return weeks(ctx, args[1:], os.Stdin, stdout, stderr)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("scenario", "", "run this scenario and those whose names go on from it with a dash; all when empty")
	runs := flags.Int("runs", 3, "the least number of runs of each side")
	alone := flags.Bool("ours", false, "leave Karpenter out")
	profile := flags.String("cpuprofile", "", "write a CPU profile of all runs to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all := scenarios()
	list := chosen(all, *name)
	if len(list) == 0 {
		return unknown(*name)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("profiling: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	rows, err := runAll(karpenterContext(ctx), list, max(*runs, 1), *alone, stderr)
	return errors.Join(err, write(stdout, rows), tell(stdout, rows))
}

// runAll measures the scenarios and says how far it has come.
func runAll(ctx context.Context, list []scenario, runs int, alone bool, progress io.Writer) ([]row, error) {
	seconds := 0
	for i := range list {
		list[i].alone = list[i].alone || alone
		seconds += list[i].seconds
	}
	if !alone {
		fmt.Fprintf(progress, "bench: %d scenarios, about %d seconds on two cores\n", len(list), seconds)
	}
	var rows []row
	for _, s := range list {
		fmt.Fprintf(progress, "bench: %s\n", s.name)
		r, err := measure(ctx, s, runs)
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// tell names the scenarios that Karpenter serves more cheaply.
func tell(w io.Writer, rows []row) error {
	for i := range rows {
		if rows[i].dearer() {
			if _, err := fmt.Fprintf(w, "\n%s: our plan is dearer than Karpenter's\n", rows[i].name); err != nil {
				return err
			}
		}
	}
	return nil
}

func unknown(name string) error {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return fmt.Errorf("no scenario is called %q; want one of these, or what comes before a dash in them: %s", name, strings.Join(names, ", "))
}
