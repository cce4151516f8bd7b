package localcluster

type Machine struct {
	ID                                             int
	Identifier, Hostname, InstanceType, Datacenter string
	CPU, MemoryMB, DiskGB                          int
	IPv4, IPv6, PrivateIP                          string
	UserData                                       string
}

func (m Machine) ProviderID() string { return "vpsie://" + m.Identifier }
