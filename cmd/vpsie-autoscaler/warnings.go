package main

import (
	"context"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// knownWarnings drops the API server's warning that the version of NodeGroups and
// VPSieNodes is deprecated, and hands all others on. The controller asks for the version that
// every release of the definitions serves, so that definitions and controller can be upgraded
// in either order; nobody who reads its log can change that.
type knownWarnings struct {
	next rest.WarningHandlerWithContext
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (k knownWarnings) HandleWarningHeaderWithContext(ctx context.Context, code int, agent, text string) {
	if !strings.HasPrefix(text, v1alpha1.GroupVersion.String()+" ") {
		k.next.HandleWarningHeaderWithContext(ctx, code, agent, text)
	}
}
