package cloud

import (
	"errors"
	"fmt"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// ErrPasswordOnTrial says that nothing was asked for: a deletion is under way that
// will show whether the account password is right. The caller comes again shortly.
var ErrPasswordOnTrial = errors.New("another deletion has to show first that the account password is right")

const (
	// PasswordPause is how long a wrong account password is not tried again; a change
	// of the Secret ends it.
	PasswordPause = 10 * time.Minute
	// passwordProof is for how long a deletion that was accepted vouches for the
	// password: long enough for many deletions at once.
	passwordProof = time.Minute
)

// password is what is known of an account's password, which only deletions show.
// Wrong ones lock the account, so until one deletion has been accepted there is only
// one at a time, however many machines are to go.
type password struct {
	wrongUntil, provedUntil time.Time
	onTrial                 bool
}

// beginDeletion returns the client to ask for a deletion, for which endDeletion must
// follow. It fails while the account's password is known to be wrong, or on trial.
func (c *Cloud) beginDeletion() (*vpsie.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, p := c.opts.Clock.Now(), &c.password
	switch {
	case c.problem != nil:
		return nil, c.problem
	case now.Before(p.provedUntil):
	case now.Before(p.wrongUntil):
		return nil, &vpsie.Error{Op: "DeleteVM", Class: vpsie.WrongPassword, Message: "it is wrong, and not tried again for a while"}
	case p.onTrial:
		return nil, ErrPasswordOnTrial
	default:
		p.onTrial = true
	}
	return c.client, nil
}

// endDeletion stops buying when the outcome of a deletion says that the password is
// wrong, and allows it again when it was right. What another Secret's client was told
// says nothing of the present one.
func (c *Cloud) endDeletion(client *vpsie.Client, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client != c.client {
		return
	}
	switch now := c.opts.Clock.Now(); {
	case err == nil:
		c.password, c.refusal = password{provedUntil: now.Add(passwordProof)}, nil
	case vpsie.ClassOf(err) == vpsie.WrongPassword && client.HasAccountPassword():
		c.password = password{wrongUntil: now.Add(PasswordPause)}
		c.refusal = fmt.Errorf("VPSie API authentication failed: the account password is wrong, so no VPS can be deleted and none is bought; correct the key %s of secret %s", KeyAccountPassword, c.secret())
	default:
		c.password.onTrial = false
	}
}
