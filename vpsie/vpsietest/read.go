package vpsietest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

type object = map[string]any

func (s *Server) listVMs(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := r.knobs.ListProject
	if len(r.query["projectId"]) > 0 {
		wanted = r.query["projectId"][0]
	}
	all := []object{}
	for _, m := range s.machines {
		if s.shown(m) && (wanted == "" || s.inProject(m, wanted)) {
			all = append(all, s.wireVM(r.knobs, m))
		}
	}
	return page(r, all[:max(0, len(all)-r.knobs.HiddenRows)])
}

// inProject reports whether the machine belongs to the project, which is given by identifier, number or name.
func (s *Server) inProject(m *machine, project string) bool {
	return project == m.projectID || project == strconv.Itoa(s.projectNumber(m.projectID)) || project == s.projectName(m.projectID)
}

func (s *Server) getVM(r request, identifier string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(identifier)
	if m == nil {
		return s.noMachine(r)
	}
	tags := []object{}
	for _, t := range m.tags {
		tags = append(tags, object{"name": t, "entity_id": m.id, "entity_type": "boxes"})
	}
	return success(object{
		"vmData": s.wireVM(r.knobs, m), "imageCategories": []any{}, "vmTags": tags, "privateIpData": []any{}, "floatingIpData": []any{},
	})
}

// wireVM is a machine as lists show it: with its root password, and without its tags. The caller holds the lock.
func (s *Server) wireVM(k Knobs, m *machine) object {
	var ipv4, ipv6, private string
	if m.addressed && !k.HideState {
		ipv4, ipv6, private = m.addresses()
	}
	hostname := m.hostname
	if !*k.PlainHostnames && hostname != "" {
		hostname = strings.ToUpper(hostname[:1]) + hostname[1:]
	}
	var droppedOn any
	if m.deleted {
		droppedOn = m.removedAt.Format(time.RFC3339)
	}
	vm := object{
		"id": m.id, "user_id": 7, "identifier": m.identifier, "hostname": hostname,
		"boxsize_id": loose(k, m.offer.boxSizeID), "boximage_id": 11, "datacenter_id": s.datacenterNumber(m.datacenter), "node_id": 3,
		"ram": loose(k, m.offer.MemoryMB), "cpu": m.offer.CPU, "ssd": loose(k, m.offer.DiskGB), "traffic": m.offer.TrafficGB,
		"is_active": bit(m.active), "power": bit(m.power && !k.HideState), "is_suspended": bit(m.suspended), "boxes_suspended": bit(m.suspended),
		"is_locked": bit(m.locked), "is_deleted": bit(m.deleted), "is_terminated": bit(m.terminated), "is_custom": 0, "is_autobackup": 0,
		"box_virtualization_id": "kvm", "nr_added_ips": 0, "in_pcs": 0, "payable_license": 0, "last_license_pay": nil, "old_id": 0,
		"last_action_date": nil, "last_action_in_min": 0, "is_work_with_new_version": 1, "is_iso_image_bootable": 0, "has_ssl": 0,
		"is_created_from_legacy": 0, "is_smtp_allowed": 0, "weekly_backup": 0, "monthly_backup": 0, "daily_snapshot": 0, "weekly_snapshot": 0,
		"monthly_snap": 0, "lib_iso_id": nil, "is_fip_available": 1, "is_bucket_available": 0, "is_sata_available": 0, "is_ssd_available": 1,
		"boxdiscount_id": nil, "custom_price": nil, "custom_iso_id": nil, "script_id": nullable(m.scriptID), "sshkey_id": nullable(m.sshKeyID),
		"default_ip": ipv4, "default_ipv6": ipv6, "private_ip": private, "added_ip_addresses": nil,
		"initial_password": m.password, "created_on": m.createdAt.Format(time.RFC3339), "last_updated": m.createdAt.Format(time.RFC3339),
		"dropped_on": droppedOn, "notes": nullable(m.notes), "firstname": "Fake", "lastname": "Account", "username": "fake@example.com", "vmType": "vm",
		"state": m.datacenter.State, "dcIdentifier": m.datacenter.Identifier, "fullname": m.image.Name, "category": "linux",
		"project_id": s.projectNumber(m.projectID), "projectId": s.projectNumber(m.projectID), "vmDescription": "",
	}
	if !m.interruptOn.IsZero() {
		vm["interruption_on"] = m.interruptOn.Format(time.RFC3339)
	}
	return vm
}

func (s *Server) listPending(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, m := range s.machines {
		if m.stage != pending {
			continue
		}
		all = append(all, object{
			"id": strconv.Itoa(m.id), "user": object{}, "user_id": 7, "running": 1, "type": "vm",
			"resourceData": object{}, "datacenter": []any{}, "osData": object{},
			"data": object{
				"resourceIdentifier": m.offer.identifier, "osIdentifier": m.image.Identifier, "dcIdentifier": m.datacenter.Identifier,
				"hostname": m.hostname, "addPublicIpV4": m.ipv4, "addPublicIpV6": m.ipv6, "addPrivateIp": m.private, "backupEnabled": false,
				"weeklyBackupEnabled": false, "monthlyBackupEnabled": false, "tags": append([]string{}, m.tags...),
				"projectId": s.projectNumber(m.projectID), "vmPassword": m.password, "processId": m.processID,
				"sshKeyIdentifier": nullable(m.sshKeyID), "scriptIdentifier": nullable(m.scriptID),
				"isGeneratedPassword": m.generatedPassword, "requestIp": "192.0.2.1", "isCreateFromLibrary": false,
			},
		})
	}
	return page(r, all)
}

func (s *Server) listDatacenters(r request) reply {
	var all []object
	for _, d := range s.shop.Datacenters {
		all = append(all, object{
			"identifier": d.Identifier, "dc_name": d.Name, "dc_image": "flag.png", "state": d.State, "country": d.Country,
			"is_active": bit(!d.Inactive), "default_selected": 0, "is_deleted": 0, "is_fip_available": 1, "is_bucket_available": 0, "is_private": 0,
		})
	}
	return page(r, all)
}

func (s *Server) listCategories(request) reply {
	var all []object
	for _, name := range s.shop.categories() {
		all = append(all, object{"identifier": uuidOf("category", name), "name": name})
	}
	return success(all)
}

// listPlans takes a form only, and sells by datacenter, image and category.
func (s *Server) listPlans(r request) reply {
	form, err := formOf(r)
	if err != nil {
		return refusal(r, 400, "Sorry, your request got lost in the clouds")
	}
	_, known := s.shop.offers[form.Get("dcIdentifier")]
	if _, image := find(slices.Concat(s.shop.Images, s.shop.StockImages), form.Get("osIdentifier")); !known || !image {
		return success([]object{})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for i, o := range s.offersIn(form.Get("dcIdentifier")) {
		if uuidOf("category", o.Category) != form.Get("planCatIdentifier") {
			continue
		}
		sold := object{
			"identifier": o.identifier, "nickname": o.Nickname, "cpu": o.CPU, "ram": loose(r.knobs, o.MemoryMB), "ssd": o.DiskGB,
			"traffic": o.TrafficGB, "net_speed": 1000, "price": s.wirePrice(r.knobs, i, o),
		}
		if o.spot {
			sold["is_spot"] = 1
		}
		all = append(all, sold)
	}
	return success(all)
}

// wirePrice writes prices as numbers and as texts in turn. The caller holds the lock.
func (s *Server) wirePrice(k Knobs, i int, o offer) any {
	price := s.priceOf(o)
	number, _ := price.Float64()
	if *k.PlainScalars || i%2 == 0 {
		return number
	}
	return price.FloatString(2)
}

// listImages lists the account's own images: one in each datacenter, as far as the clients know.
func (s *Server) listImages(r request) reply {
	all := []object{}
	for i, im := range s.shop.Images {
		only, _ := s.shop.datacenter(im.Datacenter)
		all = append(all, object{
			"id": i + 1, "user_id": 7, "datacenter_id": 1, "image_size": 2_147_483_648, "original_name": im.Name + ".qcow2",
			"fetched_from_url": "https://images.example.com/" + im.Name + ".qcow2", "changed_name": im.Name, "image_hash": "0", "image_label": im.Name,
			"created_on": madeOn, "deleted": 0, "identifier": im.Identifier, "storage": "ssd", "dc_name": only.Name, "dcIdentifier": only.Identifier,
			"created_by": "fake@example.com",
		})
	}
	return page(r, all)
}

func (s *Server) listSSHKeys(r request) reply {
	all := []object{}
	for i, key := range s.shop.SSHKeys {
		all = append(all, wireSSHKey(i, key))
	}
	return page(r, all)
}

func wireSSHKey(i int, key Named) object {
	return object{
		"id": i + 1, "user_id": 7, "identifier": key.Identifier, "name": key.Name, "private_key": "ssh-ed25519 AAAA fake",
		"created_on": madeOn, "created_by": "fake@example.com",
	}
}

func (s *Server) listProjects(request) reply {
	all := []object{}
	for i, p := range s.shop.Projects {
		all = append(all, wireProject(i, p))
	}
	return success(object{"rows": all, "count": len(all)})
}

func wireProject(i int, p Named) object {
	return object{
		"id": i + 1, "identifier": p.Identifier, "name": p.Name, "description": p.Name, "is_default": bit(i == 0),
		"created_on": madeOn, "updated_at": madeOn, "created_by": 7,
	}
}

func (s *Server) projectName(identifier string) string {
	p, _ := find(s.shop.Projects, identifier)
	return p.Name
}

// projectNamed is the identifier of the project, empty when there is none of that name.
func (s *Server) projectNamed(name string) string {
	for _, p := range s.shop.Projects {
		if p.Name == name {
			return p.Identifier
		}
	}
	return ""
}

func (s *Server) projectNumber(identifier string) int {
	return 1 + slices.IndexFunc(s.shop.Projects, func(n Named) bool { return n.Identifier == identifier })
}

func (s *Server) datacenterNumber(d Datacenter) int {
	return 1 + slices.IndexFunc(s.shop.Datacenters, func(o Datacenter) bool { return o.Identifier == d.Identifier })
}

// loose writes a number as text, as the API now and then does.
func loose(k Knobs, n int) any {
	if *k.PlainScalars {
		return n
	}
	return strconv.Itoa(n)
}

func bit(on bool) int {
	if on {
		return 1
	}
	return 0
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
