package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

func (i *inspection) secretName() string {
	return "Secret " + i.opts.Cloud.Namespace + "/" + i.opts.Cloud.SecretName
}

// account reports whether the account can be read at all.
func (i *inspection) account(ctx context.Context) bool {
	object := i.secretName()
	if err := i.readSecret(ctx); err != nil {
		i.problem(observe.CheckAccount, object, "create it with the keys token (or clientId and clientSecret) and accountPassword", err)
		return false
	}
	if !i.reads(ctx, object) {
		return false
	}
	i.password(ctx, object)
	i.balance(ctx)
	return true
}

// reads checks what only reads, and reports whether the account can be read at all.
func (i *inspection) reads(ctx context.Context, object string) bool {
	i.keys(object)
	if i.cloud.URL() == "" {
		i.problem(observe.CheckAccount, object, "correct the key that the message names", i.cloud.Refusal())
		return false
	}
	if warning := i.cloud.ProxyWarning(); warning != "" {
		i.warn(observe.CheckURL, object, "use https, or set NO_PROXY for the API's host", "%s", warning)
	}
	if !i.token(ctx, object) {
		return false
	}
	if project, err := i.cloud.Project(ctx); err != nil {
		i.problem(observe.CheckProject, object, "set the key projectId to the identifier, number or name of one of the account's projects", err)
	} else {
		i.ok(observe.CheckProject, object, "new VPSes belong to project %s", project)
	}
	i.lists(ctx)
	return true
}

// keys finds slips in the Secret's keys.
func (i *inspection) keys(object string) {
	known := cloud.Keys()
	for _, key := range slices.Sorted(maps.Keys(i.secret.Data)) {
		if slices.Contains(known, key) {
			continue
		}
		like := ""
		for _, k := range known {
			if strings.EqualFold(strings.NewReplacer("-", "", "_", "").Replace(key), k) {
				like = "; it looks like " + k
			}
		}
		i.warn(observe.CheckAccount, object, "remove it, or use one of "+strings.Join(known, ", "), "the key %s is not read%s", key, like)
	}
}

// token asks for the list of VPSes, which needs everything but rights to change.
func (i *inspection) token(ctx context.Context, object string) bool {
	_, err := i.cloud.Look(ctx, i.opts.Cloud.Clock.Now())
	if err == nil {
		i.ok(observe.CheckToken, object, "VPSie answers at %s and accepts the credentials", i.cloud.URL())
		return true
	}
	remedy := ""
	switch vpsie.ClassOf(err) {
	case vpsie.Unauthorized:
		remedy = "make a new access token in the VPSie console and set the key token; a token may have expired, and VPSie may block this address"
	case vpsie.Denied:
		remedy = "unblock the account with VPSie, or use a token with the right to list VPSes"
	case vpsie.Invalid, vpsie.NotFound:
		remedy = "set the key url to the address of the VPSie API, or leave it out for " + vpsie.DefaultURL
	case vpsie.Temporary:
		remedy = "check the key url, and the way from here to that host"
	case vpsie.Throttled:
		remedy = "wait, or lower --vpsie-requests-per-minute"
	}
	i.problem(observe.CheckToken, object, remedy, err)
	return false
}

func (i *inspection) password(ctx context.Context, object string) {
	if refusal := i.cloud.Refusal(); refusal != nil {
		i.problem("account password", object, "add the key accountPassword: the password that you log in to VPSie with", refusal)
		return
	}
	switch err := i.cloud.ProbePassword(ctx); {
	case err == nil:
		i.ok("account password", object, "VPSie did not refuse it for the deletion of a VPS that does not exist; --canary proves it")
	case vpsie.ClassOf(err) == vpsie.WrongPassword:
		i.problem("account password", object, "set the key accountPassword to the password that you log in to VPSie with; no VPS could be deleted", err)
	default:
		i.skip("account password", object, "it could not be tried: %s", oneLine(err))
	}
}

func (i *inspection) lists(ctx context.Context) {
	listed, lacking, err := i.cloud.Unlisted(ctx)
	switch {
	case err != nil:
		i.skip(observe.CheckLists, "", "the second list of VPSes could not be read: %s", oneLine(err))
	case len(lacking) > 0:
		i.problem(observe.CheckLists, "", "use a token that sees the VPSes of all projects, or put the autoscaler's into a project that it sees (key projectId)",
			fmt.Errorf("the list of VPSes lacks %d that the account has: %s; what the list lacks is neither counted nor deleted", len(lacking), strings.Join(lacking[:min(5, len(lacking))], ", ")))
	default:
		i.ok(observe.CheckLists, "", "both lists show the same %d VPSes", listed)
	}
}

func (i *inspection) balance(ctx context.Context) {
	f, err := i.cloud.Funds(ctx)
	switch {
	case err != nil:
		i.skip("balance", "", "VPSie does not say what the account has left")
	case f.PostPaid:
		i.ok("balance", "", "the account is billed afterwards")
	case f.Current <= 0:
		i.problem("balance", "", "add credit to the account: VPSie suspends every VPS of an account that is empty", fmt.Errorf("the balance is $%s", plan.Money(f.Current)))
	case f.PerMonth > 0 && float64(f.Current)/float64(f.PerMonth)*plan.HoursPerMonth < 24:
		i.warn("balance", "", "add credit to the account: VPSie suspends every VPS of an account that is empty", "the balance of $%s lasts %.0f hours",
			plan.Money(f.Current), float64(f.Current)/float64(f.PerMonth)*plan.HoursPerMonth)
	default:
		i.ok("balance", "", "the balance is $%s, and $%s a month is spent", plan.Money(f.Current), plan.Money(f.PerMonth))
	}
}

func (i *inspection) images(ctx context.Context) {
	seen, err := i.cloud.SeenImages(ctx)
	if err != nil {
		return // It is a help, and no check.
	}
	for _, s := range seen {
		i.Images = append(i.Images, Image{Identifier: s.Identifier, Name: s.Name})
	}
}
