package vpsie

// Operations lists the names under which Options.Observe is told of requests, so
// that who counts them can begin each count at zero.
func Operations() []string {
	return []string{
		"Authenticate", "CreateVM", "Datacenters", "DeleteVM", "GetVM", "Images", "ListVMs", "PendingVMs", "Plans", "Projects", "SSHKeys",
	}
}
