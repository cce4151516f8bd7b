package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

// VersionUse is where a version of the API is used.
type VersionUse struct {
	// Where is an object as kind namespace/name, or a line as file:line.
	Where string `json:"where"`
	// By is who writes the object, empty for files.
	By string `json:"by,omitempty"`
	// Version is the version in use.
	Version string `json:"version"`
}

// Versions is what still uses an old version of the API.
type Versions struct {
	// Newest is the version to use.
	Newest string `json:"newest"`
	// Stored are the versions in which etcd holds objects, by resource; nil when not known.
	Stored map[string][]string `json:"stored,omitempty"`
	// Old are the uses of other versions than the newest, sorted.
	Old []VersionUse `json:"old"`
}

// NewestVersion is the version that people should use.
func NewestVersion() string { return slices.Max(v1alpha1.Versions()) }

// VersionsIn finds what is applied in an old version: NodeGroups, and the VPSieNodes that
// people made.
func VersionsIn(s *Scene) []VersionUse {
	var all []VersionUse
	for _, g := range s.Groups {
		all = append(all, appliedIn(g, "NodeGroup")...)
	}
	for _, m := range s.Machines {
		if m.Annotations[v1alpha1.AnnotationLaunchReason] == "" {
			all = append(all, appliedIn(m, "VPSieNode")...)
		}
	}
	return all
}

// appliedIn are the uses of old versions by those who apply the object.
func appliedIn(o metav1.Object, kind string) []VersionUse {
	var uses []VersionUse
	for _, a := range cluster.AppliedIn(o) {
		if isOld(a.Version) {
			uses = append(uses, VersionUse{fmt.Sprintf("%s %s/%s", kind, o.GetNamespace(), o.GetName()), a.By, a.Version})
		}
	}
	return uses
}

func isOld(version string) bool {
	return version != NewestVersion() && slices.Contains(v1alpha1.Versions(), version)
}

// VersionsInText finds old versions in a manifest, or in a template of one, line by line.
func VersionsInText(name string, text []byte) []VersionUse {
	pattern := regexp.MustCompile(`apiVersion["']?\s*:\s*["']?` + regexp.QuoteMeta(v1alpha1.GroupVersion.Group) + `/(\w+)`)
	var uses []VersionUse
	for i, line := range bytes.Split(text, []byte("\n")) {
		for _, match := range pattern.FindAllSubmatch(line, -1) {
			if version := string(match[1]); isOld(version) {
				uses = append(uses, VersionUse{Where: fmt.Sprintf("%s:%d", name, i+1), Version: version})
			}
		}
	}
	return uses
}

// Print writes it for people.
func (v *Versions) Print(p *Page) {
	group := v1alpha1.GroupVersion.Group
	for _, resource := range slices.Sorted(maps.Keys(v.Stored)) {
		p.line("%s are stored as %v; nothing has to be done about that.", resource, v.Stored[resource])
	}
	if len(v.Old) == 0 {
		p.news(Good, "Nothing is applied in a version older than %s/%s.", group, v.Newest)
		return
	}
	p.news(Busy, "Change apiVersion to %s/%s here, and apply again; the fields are the same:", group, v.Newest)
	rows := make([]row, len(v.Old))
	for i, use := range v.Old {
		rows[i] = cells(use.Where, use.Version, cmp.Or(use.By, "-"))
	}
	p.grid([]string{"WHERE", "VERSION", "APPLIED BY"}, rows)
}
