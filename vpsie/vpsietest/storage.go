package vpsietest

import "time"

// listStorages shows the disks of machines, and with them the identifiers of their images.
func (s *Server) listStorages(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, m := range s.machines {
		if !s.shown(m) || !m.removedAt.IsZero() {
			continue
		}
		all = append(all, object{
			"id": m.id, "name": m.hostname + "-disk", "description": "", "user_id": 7, "box_id": m.id, "identifier": uuidOf("disk", m.identifier),
			"user_template_id": 0, "storage_type": "ssd", "disk_format": "raw", "is_automatic": 1, "size": m.offer.DiskGB, "storage_id": 1,
			"disk_key": "scsi0", "created_on": m.createdAt.Format(time.RFC3339), "vmIdentifier": m.identifier, "hostname": m.hostname,
			"osIdentifier": m.image.Identifier, "osFullName": m.image.Name, "state": m.datacenter.State, "dcIdentifier": m.datacenter.Identifier,
			"bus_device": "scsi", "bus_number": 0,
		})
	}
	return page(r, all)
}

// listAttachable lists the machines to which storage may be attached.
func (s *Server) listAttachable(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, m := range s.machines {
		if !s.shown(m) || !m.removedAt.IsZero() {
			continue
		}
		var ipv4, ipv6, private string
		if m.addressed {
			ipv4, ipv6, private = m.addresses()
		}
		all = append(all, object{
			"hostname": m.hostname, "identifier": m.identifier, "datacenter_id": s.datacenterNumber(m.datacenter), "default_ip": ipv4,
			"default_ipv6": ipv6, "private_ip": nullable(private), "ssd": m.offer.DiskGB, "state": m.datacenter.State, "is_fip_available": 1,
			"is_bucket_available": 0, "dcIdentifier": m.datacenter.Identifier, "fullname": m.image.Name, "category": "linux", "type": "vm",
		})
	}
	return page(r, all)
}
