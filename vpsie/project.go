package vpsie

import (
	"context"
	"fmt"
	"strconv"
)

// Project groups machines within the account.
type Project struct {
	ID         int
	Identifier string // UUID
	Name       string
	Default    bool
}

// Projects returns the account's projects.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	type wire struct {
		ID         flexInt    `json:"id"`
		Identifier flexString `json:"identifier"`
		Name       flexString `json:"name"`
		IsDefault  flexBool   `json:"is_default"`
	}
	wires, err := listSome(ctx, c, "Projects", c.addr.routes.Projects, func(w wire) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	out := make([]Project, len(wires))
	for i, w := range wires {
		out[i] = Project{ID: int(w.ID), Identifier: string(w.Identifier), Name: string(w.Name), Default: bool(w.IsDefault)}
	}
	return out, nil
}

// Project returns the identifier of the project that new machines belong to.
func (c *Client) Project(ctx context.Context) (string, error) {
	id, err := c.projectIdentifier(ctx)
	if err != nil {
		return "", named(err, "Project")
	}
	return id, nil
}

// projectIdentifier returns the UUID that new machines are ordered with. The API refuses numbers and names, which is
// what people know a project by.
func (c *Client) projectIdentifier(ctx context.Context) (string, error) {
	if isUUID(c.opts.ProjectID) {
		return c.opts.ProjectID, nil
	}
	c.project.mu.Lock()
	known := c.project.identifier
	c.project.mu.Unlock()
	if known != "" {
		return known, nil
	}
	projects, err := c.Projects(ctx)
	if err != nil {
		return "", err
	}
	id, err := chooseProject(projects, c.opts.ProjectID)
	if err != nil {
		return "", &Error{Class: Invalid, Message: err.Error()}
	}
	c.project.mu.Lock()
	defer c.project.mu.Unlock()
	c.project.identifier = id
	return id, nil
}

func chooseProject(projects []Project, wanted string) (string, error) {
	var found []Project
	for _, p := range projects {
		if wanted == "" && (p.Default || len(projects) == 1) || wanted != "" && (p.Name == wanted || strconv.Itoa(p.ID) == wanted) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1 && isUUID(found[0].Identifier):
		return found[0].Identifier, nil
	case wanted == "":
		return "", fmt.Errorf("projectId: the account has no single default project; set projectId to a project's identifier")
	case len(found) == 0:
		return "", fmt.Errorf("projectId: the account has no project %s; set it to a project's identifier, number or name", quoteShort(wanted))
	default:
		return "", fmt.Errorf("projectId: %s does not name exactly one project; set it to a project's identifier", quoteShort(wanted))
	}
}
