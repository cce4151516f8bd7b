package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// guardScript becomes the guarded program; its background half outlives the owner. With the usual setting of its garbage
// collector the API server spends a third of its processor time on collecting a few hundred megabytes; near the limit it
// collects as often as it must.
const guardScript = `#!/bin/sh
self=$$
(
	while kill -0 OWNER && kill -0 $self; do sleep 1; done
	kill -0 OWNER || { kill -9 $self; rm -rf DIR; }
) >/dev/null 2>&1 </dev/null &
GOGC=400 GOMEMLIMIT=3GiB exec PROGRAM "$@"
`

// guarded returns the path of a script, in dir, that runs the program and ends it when this process
// has died without doing so, as it does on a test timeout, a crash or SIGKILL; then dir goes, too.
func guarded(program, dir string) (string, error) {
	script := filepath.Join(dir, filepath.Base(program))
	text := strings.NewReplacer(
		"OWNER", strconv.Itoa(os.Getpid()),
		"DIR", shellQuote(dir),
		"PROGRAM", shellQuote(program),
	).Replace(guardScript)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		return "", fmt.Errorf("writing the start script of %q: %w", program, err)
	}
	return script, nil
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
