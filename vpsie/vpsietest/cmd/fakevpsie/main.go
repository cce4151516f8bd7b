// Command fakevpsie runs a fake VPSie cloud until it gets a signal, for tries by hand and for tests in other languages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "fakevpsie:", err)
		}
		os.Exit(1) //nolint:gocritic // the process ends, and the signal handler with it
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts := vpsietest.Options{Logger: slog.New(slog.NewTextHandler(stderr, nil))}
	var knobs string
	fs := flag.NewFlagSet("fakevpsie", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&opts.Addr, "listen", "127.0.0.1:0", "address of the API")
	fs.StringVar(&opts.AdminAddr, "admin-listen", "127.0.0.1:0", "address of the admin interface")
	fs.StringVar(&opts.Token, "token", vpsietest.DefaultToken, "static access token")
	fs.StringVar(&opts.ClientID, "client-id", vpsietest.DefaultClientID, "client id of the token exchange")
	fs.StringVar(&opts.ClientSecret, "client-secret", vpsietest.DefaultClientSecret, "client secret of the token exchange")
	fs.StringVar(&opts.AccountPassword, "account-password", vpsietest.DefaultAccountPassword, "password that deletions need")
	fs.Uint64Var(&opts.Seed, "seed", 0, "seed of the faults' probabilities and of the machines' identifiers")
	fs.StringVar(&knobs, "knobs", "{}", "JSON object of knobs, as PUT /knobs takes it")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("reading the arguments: %q is not a flag", fs.Arg(0))
	}
	s, err := vpsietest.Start(opts)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.PatchKnobs([]byte(knobs)); err != nil {
		return fmt.Errorf("reading -knobs: %w", err)
	}
	fmt.Fprintf(stdout, "VPSIE_URL=%s\nVPSIE_ADMIN_URL=%s\n", s.URL(), s.AdminURL())
	<-ctx.Done()
	return nil
}
