package vpsietest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// script is a stored script, which an order may name instead of user data.
type script struct {
	identifier, name, content, kind string
	createdOn                       time.Time
}

func (s *Server) listScripts(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, sc := range s.scripts {
		all = append(all, sc.wire())
	}
	return page(r, all)
}

func (s *Server) getScript(_ request, identifier string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := s.script(identifier)
	if sc == nil {
		return success(false)
	}
	o := sc.wire()
	o["id"], o["name"], o["type"] = 1, sc.name, sc.kind
	return success(o)
}

func (sc *script) wire() object {
	return object{
		"user_id": 7, "box_id": 0, "box_identifier": "", "script_name": sc.name, "script": sc.content,
		"created_on": sc.createdOn.Format(time.RFC3339), "identifier": sc.identifier, "created_by": "fake@example.com",
	}
}

// script finds a stored script. The caller holds the lock.
func (s *Server) script(identifier string) *script {
	for _, sc := range s.scripts {
		if sc.identifier == identifier {
			return sc
		}
	}
	return nil
}

// addScript stores a script under its name with .sh behind it. Its answer names no script.
func (s *Server) addScript(r request) reply {
	var b struct {
		Name          string   `json:"name"`
		ScriptContent string   `json:"scriptContent"`
		ScriptType    string   `json:"scriptType"`
		Tags          []string `json:"tags"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	if b.Name == "" || b.ScriptContent == "" || b.ScriptType == "" || b.Tags == nil {
		return lostInTheClouds(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.minted++
	s.scripts = append(s.scripts, &script{
		identifier: uuidOf("script", fmt.Sprint(s.opts.Seed, s.minted)), name: b.Name + ".sh", content: b.ScriptContent, kind: b.ScriptType,
		createdOn: s.opts.Now().UTC(),
	})
	return s.accepted()
}

func (s *Server) deleteScript(r request) reply {
	var b struct {
		ScriptIdentifier string `json:"scriptIdentifier"`
	}
	if err := json.Unmarshal(r.body, &b); err != nil || b.ScriptIdentifier == "" {
		return lostInTheClouds(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.scripts)
	s.scripts = slices.DeleteFunc(s.scripts, func(sc *script) bool { return sc.identifier == b.ScriptIdentifier })
	if len(s.scripts) == before {
		return success(false)
	}
	return s.accepted()
}

func (s *Server) getSSHKey(_ request, identifier string) reply {
	for i, key := range s.shop.SSHKeys {
		if key.Identifier == identifier {
			return success(wireSSHKey(i, key))
		}
	}
	return success(false)
}

func (s *Server) getProject(_ request, identifier string) reply {
	for i, p := range s.shop.Projects {
		if p.Identifier == identifier {
			return success(wireProject(i, p))
		}
	}
	return success(false)
}

// tagging is a tag of something that is no machine, or of a machine after its order.
type tagging struct{ entity, identifier, name string }

// machineEntity is what the tags' routes call machines.
const machineEntity = "boxes"

func (s *Server) listTags(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := func(name string) string { return strings.Join(r.query[name], "") }
	grouped := object{}
	for _, t := range s.allTags() {
		if e := first("entity"); e != "" && e != t.entity || first("identifier") != "" && first("identifier") != t.identifier {
			continue
		}
		group, _ := grouped[t.entity].([]object)
		grouped[t.entity] = append(group, object{"name": t.name, "entity_id": t.identifier, "entity_type": t.entity})
	}
	return success(grouped)
}

// allTags are the tags of machines and of everything else. The caller holds the lock.
func (s *Server) allTags() []tagging {
	all := slices.Clone(s.tagged)
	for _, m := range s.machines {
		for _, t := range m.tags {
			if m.removedAt.IsZero() {
				all = append(all, tagging{machineEntity, m.identifier, t})
			}
		}
	}
	return all
}

// changeTags adds tags to something, or replaces those that it has.
func (s *Server) changeTags(r request, add bool) reply {
	var b struct {
		Entity     string   `json:"entity"`
		Identifier string   `json:"identifier"`
		Tags       []string `json:"tags"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	if b.Entity == "" || b.Identifier == "" || b.Tags == nil {
		return lostInTheClouds(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !add {
		s.untag(b.Entity, b.Identifier)
	}
	if b.Entity == machineEntity {
		m := s.visible(b.Identifier)
		if m == nil {
			return s.noMachine(r)
		}
		m.tags = append(m.tags, b.Tags...)
		return s.accepted()
	}
	for _, t := range b.Tags {
		s.tagged = append(s.tagged, tagging{b.Entity, b.Identifier, t})
	}
	return s.accepted()
}

func (s *Server) deleteTags(r request) reply {
	var b struct {
		Entity     string `json:"entity"`
		Identifier string `json:"identifier"`
	}
	if err := strict(r.body, &b); err != nil || b.Entity == "" || b.Identifier == "" {
		return lostInTheClouds(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.untag(b.Entity, b.Identifier)
	return s.accepted()
}

// untag takes all tags away. The caller holds the lock.
func (s *Server) untag(entity, identifier string) {
	if m := s.visible(identifier); m != nil && entity == machineEntity {
		m.tags = nil
	}
	s.tagged = slices.DeleteFunc(s.tagged, func(t tagging) bool { return t.entity == entity && t.identifier == identifier })
}
