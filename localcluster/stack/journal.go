package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Journal is what the controller remembers of its last rounds, as many as the limit.
func (s *Stack) Journal(ctx context.Context, limit int) ([]*observe.Round, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	told, err := observe.AskJournal(ctx, fmt.Sprintf("http://127.0.0.1:%d", s.metricsPort), observe.Filter{Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("asking for the journal: %w", err)
	}
	return told.Rounds, nil
}
