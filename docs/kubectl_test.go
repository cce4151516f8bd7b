package docs_test

import (
	"slices"
	"strings"
	"testing"
)

// How far a kubectl command can be tried on an API server without nodes and controllers: run as it is, run as a dry run, or
// its flags read only.
var (
	asIs    = []string{"get", "describe", "explain", "version", "api-resources", "auth", "kustomize"}
	dryRuns = []string{"apply", "create", "annotate", "label", "delete", "patch", "scale", "set"}
)

func TestKubectlCommandsWork(t *testing.T) {
	all := commands(t)
	install(t)
	env.Kubectl(t, "create", "deployment", "web", "--image=nginx")
	tried := 0
	for page, lines := range all {
		for _, line := range lines {
			words := strings.Fields(strings.NewReplacer("…", "x", " vn NAME", " vn worker-1", "workers.yaml", "config/samples/nodegroup.yaml").Replace(line))
			if words[0] != "kubectl" || len(words) > 1 && words[1] == "vpsie" {
				continue
			}
			tried++
			output, err := env.Command(t.Context(), "kubectl", tryable(words[1:])...).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s: %v: %s", page, line, err, output)
			}
		}
	}
	if tried < 10 {
		t.Errorf("%d commands were tried", tried)
	}
}

// tryable is the command in the form that can be tried.
func tryable(words []string) []string {
	verb := verb(words)
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "-w" || w == "--watch" })
	switch {
	case slices.Contains(words, "NAME"): // stands for what the reader has
		return append(words, "--help")
	case slices.Contains(asIs, verb):
		return words
	case verb == "create" && slices.Contains(words, "deployment"): // it is there already
		return append(words, "--dry-run=client")
	case slices.Contains(dryRuns, verb):
		return append(words, "--dry-run=server")
	}
	return append(words, "--help")
}

// verb is the first word that is neither a flag nor the value of one.
func verb(words []string) string {
	for i, w := range words {
		if !strings.HasPrefix(w, "-") && (i == 0 || words[i-1] != "-n") {
			return w
		}
	}
	return ""
}
