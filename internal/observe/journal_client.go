package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// AskJournal asks an autoscaler for its journal over HTTP. The address is that of its
// metrics port, with or without /metrics or JournalPath at its end. An answer that is
// no journal, or not 200, is an error with the answer's text.
func AskJournal(ctx context.Context, address string, f Filter) (*Journaled, error) {
	address = strings.TrimSuffix(strings.TrimSuffix(address, "/"), "/metrics")
	address = strings.TrimSuffix(address, JournalPath) + JournalPath
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+f.Query().Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	return DecodeJournal(text)
}

// DecodeJournal reads what JournalPath answers.
func DecodeJournal(text []byte) (*Journaled, error) {
	var told Journaled
	if err := json.Unmarshal(text, &told); err != nil {
		return nil, fmt.Errorf("the answer is no journal: %w", err)
	}
	return &told, nil
}
