package vpsie

// Operations lists the names under which Options.Observe is told of requests, so
// that who counts them can begin each count at zero.
func Operations() []string {
	return []string{
		"AddScript", "AttachableVMs", "Authenticate", "CreateVM", "Datacenters", "DeleteScript", "DeleteVM", "Funds", "GetVM",
		"Images", "ListVMs", "PendingVMs", "Plans", "ProbeOrder", "Projects", "RestartVM", "SSHKeys", "Scripts", "SeenImages",
	}
}
