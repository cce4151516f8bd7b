package vpsie_test

import (
	"fmt"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestPlainRefusalsBuyNothing: a refusal in whatever words has a class and a scope, and leaves nothing open.
func TestPlainRefusalsBuyNothing(t *testing.T) {
	for message, want := range map[string]struct {
		class vpsie.Class
		scope vpsie.Scope
	}{
		"please add credit":                                                  {vpsie.Balance, vpsie.ScopeAccount},
		"not enough balance":                                                 {vpsie.Balance, vpsie.ScopeAccount},
		"Insufficient funds, please top up":                                  {vpsie.Balance, vpsie.ScopeAccount},
		"You have an unpaid invoice":                                         {vpsie.Balance, vpsie.ScopeAccount},
		"account suspended":                                                  {vpsie.Denied, vpsie.ScopeAccount},
		"Your account has been disabled":                                     {vpsie.Denied, vpsie.ScopeAccount},
		"permission denied":                                                  {vpsie.Denied, vpsie.ScopeAccount},
		"You do not have permission to do this":                              {vpsie.Denied, vpsie.ScopeAccount},
		"you have exceeded the limit of 5":                                   {vpsie.Quota, vpsie.ScopeAccount},
		"VPS count exceeds the allowed limit 5":                              {vpsie.Quota, vpsie.ScopeAccount},
		"You have reached the maximum of servers":                            {vpsie.Quota, vpsie.ScopeAccount},
		"You can have at most 5 servers":                                     {vpsie.Quota, vpsie.ScopeAccount},
		"Please authenticate":                                                {vpsie.Unauthorized, vpsie.ScopeAccount},
		"Too many requests":                                                  {vpsie.Throttled, vpsie.ScopeAccount},
		"The selected package is out of stock":                               {vpsie.OutOfStock, vpsie.ScopeOffering},
		"This plan is not available":                                         {vpsie.OutOfStock, vpsie.ScopeOffering},
		"Please select the right package for this OS":                        {vpsie.Invalid, vpsie.ScopeOffering},
		"hostname is not valid":                                              {vpsie.Invalid, vpsie.ScopeRequest},
		`"hostname" length must be less than or equal to 64 characters long`: {vpsie.Invalid, vpsie.ScopeRequest},
		"hostname exceeds the maximum number of characters":                  {vpsie.Invalid, vpsie.ScopeRequest},
		"SSH key not found":                                                  {vpsie.Invalid, vpsie.ScopeRequest},
		"hostname already exists":                                            {vpsie.Conflict, vpsie.ScopeRequest},
	} {
		for _, answer := range []vpsietest.Fault{
			{Status: 200, Body: text(fmt.Sprintf(`{"error":true,"message":%q}`, message))},
			{Status: 400, Body: text(fmt.Sprintf(`{"error":true,"message":%q}`, message))},
			{Status: 500, Body: text(fmt.Sprintf(`{"error":true,"code":500,"message":%q}`, message))},
			{Status: 200, Body: text(fmt.Sprintf(`{"error":false,"data":{"success":false,"message":%q}}`, message))},
			{Status: 200, Body: text(fmt.Sprintf(`{"error":false,"data":{"error":%q}}`, message))},
		} {
			t.Run(fmt.Sprint(message, answer.Status, string(answer.Body)), func(t *testing.T) {
				err := answerTo(t, answer)
				if got := vpsie.ClassOf(err); got != want.class {
					t.Errorf("class %s, want %s: %v", got, want.class, err)
				}
				if got := vpsie.ScopeOf(err); got != want.scope || vpsie.MayHaveHappened(err) {
					t.Errorf("scope %q, want %q; may have happened: %v", got, want.scope, vpsie.MayHaveHappened(err))
				}
			})
		}
	}
}

// An order that was taken is never called refused for what is said about it.
func TestChattyAcceptance(t *testing.T) {
	for body, want := range map[string]verdict{
		`{"error":false,"data":true,"message":"creation is in progress"}`:                         {},
		`{"error":false,"data":{"message":"Your VPS will be ready soon"}}`:                        {},
		`{"error":false,"message":"Server creation started"}`:                                     {},
		`{"error":false,"data":{"success":true,"error":null,"message":"ok"}}`:                     {},
		`{"error":false,"data":true,"message":"quota exceeded"}`:                                  {vpsie.Quota, "CreateVM: Insufficient VPSie quota: quota exceeded", true},
		`{"error":false,"data":{"message":"quota exceeded"}}`:                                     {vpsie.Quota, "CreateVM: Insufficient VPSie quota: quota exceeded", true},
		`{"error":false,"data":true,"message":"It costs 5 dollars, taken from your balance now"}`: {vpsie.Balance, "CreateVM: Insufficient VPSie balance: It costs 5 dollars, taken from your balance now", true},
		`{"error":false,"data":null,"message":"done"}`:                                            {vpsie.Temporary, "CreateVM: done", true},
		`{}`: {vpsie.Temporary, "CreateVM: the API did not say that it accepted the order", true},
	} {
		err := answerTo(t, vpsietest.Fault{Status: 200, Body: text(body)})
		if got := verdictOf(err); got != want {
			t.Errorf("%s\n got %+v\nwant %+v", body, got, want)
		}
		if want.Ambiguous && vpsie.ScopeOf(err) != "" {
			t.Errorf("%s has the scope %q, though it may have happened", body, vpsie.ScopeOf(err))
		}
	}
}

func TestNoScopeWithoutARefusal(t *testing.T) {
	for _, err := range []error{nil, fmt.Errorf("something else"), answerTo(t, vpsietest.Fault{Status: 502}), answerTo(t, vpsietest.Fault{})} {
		if got := vpsie.ScopeOf(err); got != "" {
			t.Errorf("%v has the scope %q", err, got)
		}
	}
}

func answerTo(t *testing.T, answer vpsietest.Fault) error {
	t.Helper()
	c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.ProjectID = vpsietest.Identifier("project", "default") })
	answer.Method, answer.Path = "POST", "/apps/v2/vm"
	if err := c.SetFaults(answer); err != nil {
		t.Fatal(err)
	}
	return c.client.CreateVM(t.Context(), order("a"))
}
