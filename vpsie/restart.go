package vpsie

import (
	"context"
	"net/http"
)

// RestartVM asks the API to restart a virtual machine, or to start it when it is off. It returns when the API accepted.
func (c *Client) RestartVM(ctx context.Context, identifier string) error {
	const op = "RestartVM"
	if identifier == "" {
		return invalid(op, "identifier: must not be empty")
	}
	body, err := jsonBody(map[string]string{"vmIdentifier": identifier})
	if err != nil {
		return invalid(op, "the request cannot be written as JSON")
	}
	_, err = c.do(ctx, call{
		op: op, method: http.MethodPost, path: c.addr.routes.VMs + "/restart", contentType: jsonType, body: body, mutation: true,
		judge: c.judgeRestart,
	})
	return err
}

// judgeRestart finds refusals in answers without error: true. A message alone is no refusal.
func (c *Client) judgeRestart(a answer) *Error {
	_, refused := a.inData()
	switch {
	case a.says() == "" && isNothing(a.env.Data):
		return &Error{Class: NotFound, Status: a.status, Message: "there is no such virtual machine"}
	case refused:
		return c.failure(a, true)
	}
	return nil
}
