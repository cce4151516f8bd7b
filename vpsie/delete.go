package vpsie

import (
	"context"
	"net/http"
)

type wireDelete struct {
	VMIdentifier    string          `json:"vmIdentifier"`
	Password        string          `json:"password"`
	DeleteStatistic deleteStatistic `json:"deleteStatistic"` // the API crashes without it
}

type deleteStatistic struct {
	Reason string `json:"reason"`
	Note   string `json:"note"`
}

// DeleteVM asks the API to delete a virtual machine; reason and note go into the vendor's statistics. It returns when
// the API accepted, while the machine still runs and costs money: only its absence from ListVMs and PendingVMs, or
// VM.Gone, says that it is gone. Without an account password it sends nothing and fails with WrongPassword; after
// that class do not repeat, since wrong passwords may lock the account.
func (c *Client) DeleteVM(ctx context.Context, identifier, reason, note string) error {
	const op = "DeleteVM"
	if identifier == "" {
		return invalid(op, "identifier: must not be empty")
	}
	if !c.HasAccountPassword() {
		return &Error{Op: op, Class: WrongPassword, Message: "no account password is configured, and the API deletes nothing without it"}
	}
	body, err := jsonBody(wireDelete{
		VMIdentifier: identifier, Password: c.opts.AccountPassword,
		DeleteStatistic: deleteStatistic{Reason: reason, Note: note},
	})
	if err != nil {
		return invalid(op, "the request cannot be written as JSON")
	}
	_, err = c.do(ctx, call{
		op: op, method: http.MethodDelete, path: c.addr.routes.VMs, contentType: jsonType, body: body, mutation: true,
		judge: c.judgeDelete,
	})
	return err
}
