package observe

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

const (
	// JournalConfigMap is the ConfigMap, in the autoscaler's namespace, in which the journal
	// survives restarts.
	JournalConfigMap = "vpsie-autoscaler-journal"
	// JournalKey is its key: JSON, compressed with gzip.
	JournalKey = "journal.json.gz"
)

const (
	// mostStored is how many bytes of the journal are stored: a ConfigMap holds a MiB.
	mostStored = 600 << 10
	// mostUnpacked bounds what a stored journal may take once it is read.
	mostUnpacked = 64 << 20
)

// Version changes with every new entry of the journal.
func (j *Journal) Version() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.version
}

// Encode packs the newest rounds, as many as may be stored.
func (j *Journal) Encode() ([]byte, error) {
	j.mu.Lock()
	rounds := slices.Clone(j.rounds)
	j.mu.Unlock()
	for {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if err := json.NewEncoder(z).Encode(rounds); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		if packed.Len() <= mostStored || len(rounds) == 0 {
			return packed.Bytes(), nil
		}
		rounds = rounds[(len(rounds)+1)/2:]
	}
}

// DecodeRounds reads what Encode packed.
func DecodeRounds(packed []byte) ([]*Round, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("key %s of ConfigMap %s cannot be read: %w", JournalKey, JournalConfigMap, err)
	}
	var rounds []*Round
	if err := json.NewDecoder(io.LimitReader(z, mostUnpacked)).Decode(&rounds); err != nil {
		return nil, fmt.Errorf("key %s of ConfigMap %s cannot be read: %w", JournalKey, JournalConfigMap, err)
	}
	return slices.DeleteFunc(rounds, func(r *Round) bool { return r == nil }), nil
}

// Restore puts rounds from before a restart in front of those that there are.
func (j *Journal) Restore(rounds []*Round) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.rounds) > 0 {
		first := j.rounds[0].First
		rounds = slices.DeleteFunc(slices.Clone(rounds), func(r *Round) bool { return !r.Last.Before(first) })
	}
	j.rounds = slices.Concat(rounds, j.rounds)
	for _, r := range rounds {
		j.weight += r.weight()
	}
	j.trim()
}
