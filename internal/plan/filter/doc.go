// Package filter decides which nodes a pod may run on, as kube-scheduler does, amounts of
// resources (NodeResourcesFit) apart: those are vectors of package resources, which package plan
// compares. Files have the names of kube-scheduler's plugins:
//
//	plugin                                       file                    looks at
//	NodeAffinity                                 nodeaffinity.go         labels and name of the node
//	TaintToleration                              tainttoleration.go      its taints
//	NodeUnschedulable                            nodeunschedulable.go    whether it is cordoned
//	NodePorts                                    nodeports.go            host ports that pods there take
//	InterPodAffinity                             interpodaffinity.go     where other pods are
//	PodTopologySpread                            podtopologyspread.go    how many pods each domain has
//	VolumeBinding                                volumebinding.go        where a claim's volume is or can be made
//	VolumeZone                                   volumezone.go           zones of volumes
//	NodeVolumeLimits                             nodevolumelimits.go     how many volumes a CSI driver takes
//	VolumeRestrictions                           volumerestrictions.go   disks that pods cannot share
//
// Pods with equal constraints, size apart, are of one Class, found by a text that spells the
// constraints out (KeyOf). Pods of a class that all selectors of all pods treat alike are of one
// Kind. Nodes with equal labels, as far as a class asks about them, and equal taints are of one
// NodeClass. What depends on these alone is judged once per Class and NodeClass (Class.On).
//
// What depends on where other pods are is counted in Filters and in the NodeInfo of each node:
// Add and Count pods, AddNew, RemoveNew, Detach and Attach nodes. Max asks how many pods may
// be added to a node, Why names what keeps a pod off a new one. Neither changes a count.
//
// To add a constraint: spell it out in KeyOf, read it in Filters.Read, check it in Class.On or
// Filters.Max, count it in Add and Count if other pods matter, name it in RefusedBy or Why. What is
// added to Kind or NodeInfo must come back to what it was when the same pods are taken off again.
//
// The package imports nothing of ours; only package plan imports it.
package filter
