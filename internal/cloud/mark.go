package cloud

import "strings"

// markPrefix begins the notes of every VPS that the autoscaler orders; the
// cloud's list shows notes, while it leaves tags out.
const markPrefix = "vpsie-autoscaler"

// CanaryPrefix begins the hostnames of VPSes that a check buys and deletes. They have no VPSieNode; one that is left behind,
// since the check was killed, is swept as others are, later.
const CanaryPrefix = "vpsie-canary-"

// Mark says whose a VPS is.
type Mark struct {
	ClusterID, Group, Name, UID string
}

// String is the mark as it stands in a VPS's notes.
func (m Mark) String() string {
	return strings.Join([]string{markPrefix, m.ClusterID, m.Group, m.Name, m.UID}, "/")
}

// ParseMark reads the mark out of a VPS's notes.
func ParseMark(notes string) (Mark, bool) {
	parts := strings.Split(strings.TrimSpace(notes), "/")
	if len(parts) != 5 || parts[0] != markPrefix {
		return Mark{}, false
	}
	return Mark{parts[1], parts[2], parts[3], parts[4]}, true
}
