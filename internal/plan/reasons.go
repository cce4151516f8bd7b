package plan

// OfGroup says that the pod would fit a node of the NodeGroup, which buys none now.
func (r RefusalReason) OfGroup() bool {
	switch r {
	case MaxNodesReached, LimitReached, CostLimitReached, ScaleUpDisabled, Paused, Stabilizing, OfferingUnavailable, Backoff, Unproven, BuyingStopped:
		return true
	}
	return false
}

// LaunchReasons lists every reason to buy a machine.
func LaunchReasons() []LaunchReason {
	return []LaunchReason{PendingPods, MinNodes, Headroom, Replacement}
}

// RemovalReasons lists every reason to remove a node.
func RemovalReasons() []RemovalReason {
	return []RemovalReason{Empty, Underutilized, AboveMax, Drifted, Expired, Replaced}
}

// RefusalReasons lists every reason for which a pod stays unplaced.
func RefusalReasons() []RefusalReason {
	return []RefusalReason{
		InsufficientResource, TaintNotTolerated, NodeAffinity, PodAffinity, PodAntiAffinity, TopologySpread,
		HostPort, VolumeZone, VolumeLimit, MaxNodesReached, LimitReached, CostLimitReached, NotAskedFor, ScaleUpDisabled, Paused, Stabilizing,
		OfferingUnavailable, Backoff, Unproven, BuyingStopped, SchedulingGated, OtherScheduler, SchedulerError, NotSupported, NoNodeGroup,
	}
}
