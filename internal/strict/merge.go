package strict

import (
	"bytes"
	"slices"

	goyaml3 "go.yaml.in/yaml/v3"
)

// withoutMerges writes out the merge keys (`<<: *base`) of a YAML document: a key that
// stands beside one overrides what it brings along, in whatever order they come
// (https://yaml.org/type/merge.html). The library that reads documents takes such a key
// for one that is there twice. Text that it cannot write out comes back as it was.
func withoutMerges(text []byte) []byte {
	if !bytes.Contains(text, []byte("<<")) {
		return text
	}
	var document goyaml3.Node
	if err := goyaml3.Unmarshal(text, &document); err != nil {
		return text
	}
	// Anchors that contain themselves have no end; the decoder finds them.
	var value any
	if err := document.Decode(&value); err != nil {
		return text
	}
	if !merge(&document, map[*goyaml3.Node]bool{}) {
		return text
	}
	written, err := goyaml3.Marshal(&document)
	if err != nil {
		return text
	}
	return written
}

// merge writes out the merge keys of a node and of all below it, and says whether there
// were any.
func merge(n *goyaml3.Node, done map[*goyaml3.Node]bool) bool {
	if n == nil || done[n] {
		return false
	}
	done[n] = true
	found := merge(n.Alias, done)
	for _, inner := range n.Content {
		found = merge(inner, done) || found
	}
	if n.Kind != goyaml3.MappingNode {
		return found
	}
	var own, merged []*goyaml3.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			own = append(own, n.Content[i], n.Content[i+1])
			continue
		}
		found = true
		for _, source := range sources(n.Content[i+1]) {
			merged = append(merged, source.Content...)
		}
	}
	for i := 0; i+1 < len(merged); i += 2 {
		if !hasKey(own, merged[i].Value) {
			own = append(own, withoutAnchors(merged[i]), withoutAnchors(merged[i+1]))
		}
	}
	n.Content = own
	return found
}

// sources are the mappings that a merge key names: one, or a list of which earlier ones
// win.
func sources(n *goyaml3.Node) []*goyaml3.Node {
	switch n.Kind {
	case goyaml3.AliasNode:
		return sources(n.Alias)
	case goyaml3.SequenceNode:
		var all []*goyaml3.Node
		for _, one := range n.Content {
			all = append(all, sources(one)...)
		}
		return all
	}
	return []*goyaml3.Node{n}
}

func hasKey(pairs []*goyaml3.Node, key string) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i].Value == key {
			return true
		}
	}
	return false
}

// withoutAnchors copies a node; an anchor may be there only once.
func withoutAnchors(n *goyaml3.Node) *goyaml3.Node {
	made := *n
	made.Anchor = ""
	made.Content = slices.Clone(n.Content)
	for i := range made.Content {
		made.Content[i] = withoutAnchors(made.Content[i])
	}
	return &made
}
