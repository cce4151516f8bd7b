package vpsie

// Operations lists the names under which Options.Observe is told of requests, so
// that who counts them can begin each count at zero.
func Operations() []string {
	return []string{
		"AddScript", "AttachFirewall", "AttachGateway", "AttachVPC", "AttachableVMs", "Authenticate", "CreateVM", "Datacenters",
		"DeleteScript", "DeleteVM", "DetachFirewall", "DetachGateway", "DetachVPC", "FirewallGroups", "FirewallMembers", "Funds",
		"Gateways", "GetVM", "Images", "ListVMs", "PendingVMs", "Plans", "ProbeOrder", "Projects", "RestartVM", "SSHKeys",
		"Scripts", "SeenImages", "VPCAddresses", "VPCs",
	}
}
