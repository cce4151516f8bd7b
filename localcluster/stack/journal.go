package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Journal is what the controller remembers of its last rounds, as many as the limit.
func (s *Stack) Journal(ctx context.Context, limit int) (observe.Journaled, error) {
	var answer observe.Journaled
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address := fmt.Sprintf("http://127.0.0.1:%d%s?%s", s.metricsPort, observe.JournalPath, observe.Filter{Limit: limit}.Query().Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer, fmt.Errorf("asking for the journal: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, fmt.Errorf("asking for the journal: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("asking for the journal: %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("reading the journal: %w", err)
	}
	return answer, nil
}
