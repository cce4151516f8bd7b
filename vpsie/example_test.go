package vpsie_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// connectFake makes a client of a fake VPSie. With the real one, leave URL empty and give the token of your account.
func connectFake(knobs vpsietest.Knobs) (*vpsietest.Server, *vpsie.Client, error) {
	fake, err := vpsietest.Start(vpsietest.Options{InProcess: true, Knobs: knobs})
	if err != nil {
		return nil, nil, err
	}
	client, err := vpsie.New(vpsie.Options{
		URL: fake.URL(), Token: vpsietest.DefaultToken, AccountPassword: vpsietest.DefaultAccountPassword,
		HTTPClient: &http.Client{Transport: fake.Transport()}, AllowPlainHTTP: true, RequestsPerMinute: 60_000,
	})
	return fake, client, err
}

// orderFirst finds the first datacenter, image and plan, and orders a machine.
func orderFirst(ctx context.Context, c *vpsie.Client, hostname string) error {
	datacenters, err := c.Datacenters(ctx)
	if err != nil {
		return err
	}
	images, err := c.Images(ctx)
	if err != nil {
		return err
	}
	plans, err := c.Plans(ctx, datacenters[0].Identifier, images[0].Identifier)
	if err != nil {
		return err
	}
	return c.CreateVM(ctx, vpsie.CreateRequest{
		Hostname: hostname, DatacenterID: datacenters[0].Identifier, PlanID: plans[0].Identifier, ImageID: images[0].Identifier, PublicIPv4: true,
	})
}

// arrived waits until the machine is listed.
func arrived(ctx context.Context, c *vpsie.Client, hostname string) (vpsie.VM, error) {
	for range time.Tick(10 * time.Millisecond) {
		vms, err := c.ListVMs(ctx)
		if err != nil {
			return vpsie.VM{}, err
		}
		for _, vm := range vms {
			if strings.EqualFold(vm.Hostname, hostname) {
				return vm, nil
			}
		}
	}
	return vpsie.VM{}, nil
}

// An order says nothing of the machine that comes of it: it is found by its hostname, first among those on their way, then in
// the list.
func ExampleClient_CreateVM() {
	ctx := context.Background()
	fake, client, err := connectFake(vpsietest.Knobs{CreateMillis: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	if err := orderFirst(ctx, client, "web-1"); err != nil {
		fmt.Println(err)
		return
	}
	vm, err := arrived(ctx, client, "web-1")
	fmt.Println(vm.Hostname, "is there", err)
	// Output: web-1 is there <nil>
}

// The class of an error says what it asks of the caller. An order whose outcome is not known must not be sent again before a
// look at the lists.
func ExampleClassOf() {
	ctx := context.Background()
	fake, client, err := connectFake(vpsietest.Knobs{Quota: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	fmt.Println("first order:", orderFirst(ctx, client, "web-1"))
	err = orderFirst(ctx, client, "web-2")
	fmt.Println("beyond the quota:", vpsie.ClassOf(err), "may have happened:", vpsie.MayHaveHappened(err))

	lost := vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Status: 500, Effect: "after", Body: json.RawMessage(`{}`)}
	if err := fake.SetFaults(lost); err != nil {
		fmt.Println(err)
		return
	}
	err = orderFirst(ctx, client, "web-3")
	fmt.Println("an answer that says nothing:", vpsie.ClassOf(err), "may have happened:", vpsie.MayHaveHappened(err))
	// Output:
	// first order: <nil>
	// beyond the quota: Quota may have happened: false
	// an answer that says nothing: Temporary may have happened: true
}

// A deletion that is accepted is not yet the end of the machine, nor of its bill: the list shows that.
func ExampleClient_DeleteVM() {
	ctx := context.Background()
	fake, client, err := connectFake(vpsietest.Knobs{DeleteMillis: 60_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	if err := orderFirst(ctx, client, "web-1"); err != nil {
		fmt.Println(err)
		return
	}
	vm, err := arrived(ctx, client, "web-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("deleted:", client.DeleteVM(ctx, vm.Identifier, "other", "not needed any more"))
	vm, err = client.GetVM(ctx, vm.Identifier)
	fmt.Println("still paid for:", !vm.Gone(), err)
	// Output:
	// deleted: <nil>
	// still paid for: true <nil>
}
