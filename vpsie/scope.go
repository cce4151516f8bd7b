package vpsie

import "regexp"

// Scope says whom a refusal concerns, and so what else may be tried in its place.
type Scope string

// The scopes.
const (
	// ScopeAccount is a refusal of everything: quota, balance, suspension, credentials, permission, request rate. No
	// other plan, datacenter or group fares better. One back-off holds for all of them.
	ScopeAccount Scope = "Account"
	// ScopeOffering is a refusal of this plan in this datacenter: sold out, or not sold for this image. Another plan may
	// be sold.
	ScopeOffering Scope = "Offering"
	// ScopeRequest is a refusal of what the order says beside its plan, such as its image, key or host name. Another plan
	// gets the same answer; whoever wrote the order must correct it.
	ScopeRequest Scope = "Request"
)

// ScopeOf returns the scope of a refusal, and "" where err is none: nil, a failure on the way to the API, a broken API,
// and all that MayHaveHappened holds for. A refusal bought nothing.
//
//	err := client.CreateVM(ctx, order)
//	switch vpsie.ScopeOf(err) {
//	case vpsie.ScopeAccount:  // one back-off for the account: nothing else is ordered, nothing dearer is tried
//	case vpsie.ScopeOffering: // a back-off for this plan in this datacenter; other plans may be ordered
//	case vpsie.ScopeRequest:  // a back-off for the group that gave the order, and its condition tells the person
//	default:                  // nil; or MayHaveHappened(err): look in both lists; or an outage: come again soon
//	}
//
// ClassOf tells the account's refusals apart: Quota, Balance, Denied, Unauthorized, WrongPassword, Throttled.
func ScopeOf(err error) Scope {
	if err == nil || MayHaveHappened(err) {
		return ""
	}
	e := asError(err)
	switch e.Class {
	case Quota, Balance, Denied, Unauthorized, WrongPassword, Throttled:
		return ScopeAccount
	case OutOfStock:
		return ScopeOffering
	case Invalid, NotFound, Conflict:
		if namesPlan().MatchString(e.Message) {
			return ScopeOffering
		}
		return ScopeRequest
	}
	return ""
}

// namesPlan matches the words for a plan, among them the API's answer to a plan of another datacenter or image.
func namesPlan() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(package|plan|offer|offering|resource|resourceIdentifier|size|box ?size)\b`)
}
