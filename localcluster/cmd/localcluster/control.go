package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// supervisor is the address card that a supervisor leaves in its directory and gives to whoever asks at its URL, so that
// nobody takes a stranger, who got its process id or port after its death, for it.
type supervisor struct {
	PID int    `json:"pid"`
	Dir string `json:"dir"`
	URL string `json:"url"`
}

// findSupervisor returns the directory's supervisor, or nil when none lives.
func findSupervisor(ctx context.Context, p *paths) (*supervisor, error) {
	content, err := os.ReadFile(p.supervisor())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("finding the supervisor: %w", err)
	}
	var card, answer supervisor
	if err := json.Unmarshal(content, &card); err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.supervisor(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body, err := card.ask(ctx, http.MethodGet, "/")
	if err != nil || json.Unmarshal(body, &answer) != nil || answer != card {
		return nil, nil // dead, and possibly replaced by somebody else's server
	}
	return &card, nil
}

func (s *supervisor) ask(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(string(body)))
	}
	return body, nil
}

// serveControl answers on a loopback port as long as this process lives, also while it stops everything, and leaves the
// card in the directory.
func serveControl(ctx context.Context, p *paths, startController func(context.Context) error) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for commands: %w", err)
	}
	card := supervisor{PID: os.Getpid(), Dir: p.dir, URL: "http://" + listener.Addr().String()}
	content, err := json.Marshal(card)
	if err != nil {
		return fmt.Errorf("writing the supervisor's card: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	mux.HandleFunc("POST /controller", func(w http.ResponseWriter, r *http.Request) {
		if err := startController(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	if err := os.WriteFile(p.supervisor(), content, 0o600); err != nil {
		return fmt.Errorf("writing the supervisor's card: %w", err)
	}
	return nil
}
