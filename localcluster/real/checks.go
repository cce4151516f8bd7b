package real

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// check looks at one more thing once the pod runs.
type check func(context.Context, *life) error

// welcome is what kubeadm join ends with.
const welcome = "This node has joined the cluster"

// joinedOnce: kubeadm join ran to its end once in the machine's life, whatever reboots came after it.
func joinedOnce(_ context.Context, l *life) error {
	console, err := l.console()
	if err != nil {
		return err
	}
	if times := strings.Count(console, welcome); times != 1 {
		return fmt.Errorf("kubeadm joined %d times, want once", times)
	}
	l.say("  kubeadm joined once")
	return nil
}

// struggled: the API server's name did not resolve at first, then kubeadm was killed, and it joined in the end.
func struggled(ctx context.Context, l *life) error {
	console, err := l.console()
	if err != nil {
		return err
	}
	last := 0
	for _, sign := range []string{"late-names: here", "kill-kubeadm: killed", welcome} {
		at := strings.Index(console, sign)
		if at < last {
			return fmt.Errorf("the console does not say %q in its turn: what should go wrong did not", sign)
		}
		last = at
	}
	l.say("  the API server's name came late, and the first kubeadm was killed")
	return joinedOnce(ctx, l)
}

// foundByProviderID: the node's providerID is what VPSie's cloud-controller-manager looks the VPS up by, as it is.
func foundByProviderID(ctx context.Context, l *life) error {
	account, err := vpsie.New(vpsie.Options{URL: l.stack.Cloud.URL(), Token: vpsietest.DefaultToken})
	if err != nil {
		return fmt.Errorf("reaching the fake VPSie: %w", err)
	}
	if l.node.Spec.ProviderID == "" {
		return errors.New("the node has no providerID")
	}
	vm, err := account.GetVM(ctx, l.node.Spec.ProviderID)
	if err != nil {
		return fmt.Errorf("looking the VPS up by the node's providerID %q: %w", l.node.Spec.ProviderID, err)
	}
	if !strings.EqualFold(vm.Hostname, l.node.Name) { // VPSie shows another case than was ordered
		return fmt.Errorf("the providerID %q is that of the VPS %s", l.node.Spec.ProviderID, vm.Hostname)
	}
	l.say("  the providerID %s leads to the VPS %s", l.node.Spec.ProviderID, vm.Hostname)
	return nil
}

// console is all that the machine has written to its serial console.
func (l *life) console() (string, error) {
	content, err := os.ReadFile(l.guests.Console(l.node.Name))
	if err != nil {
		return "", fmt.Errorf("reading the console: %w", err)
	}
	return string(content), nil
}
