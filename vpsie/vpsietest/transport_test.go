package vpsietest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A server without a network serves as one with it, and its delays pass in the bubble's time.
func TestInProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		server, err := vpsietest.Start(vpsietest.Options{InProcess: true, Knobs: vpsietest.Knobs{CreateMillis: 1000, GapMillis: 300_000}})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		client, err := vpsie.New(vpsie.Options{
			URL: server.URL(), Token: vpsietest.DefaultToken, AccountPassword: vpsietest.DefaultAccountPassword,
			HTTPClient: &http.Client{Transport: server.Transport()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := server.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Effect: "after", Count: 1}); err != nil {
			t.Fatal(err)
		}
		images, err := client.Images(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		places, err := client.Datacenters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		plans, err := client.Plans(t.Context(), places[0].Identifier, images[0].Identifier)
		if err != nil {
			t.Fatal(err)
		}
		order := vpsie.CreateRequest{Hostname: "late", DatacenterID: places[0].Identifier, PlanID: plans[0].Identifier, ImageID: images[0].Identifier}
		if err := client.CreateVM(t.Context(), order); !vpsie.MayHaveHappened(err) {
			t.Errorf("a dropped connection: %v", err)
		}
		listed := func() int {
			vms, err := client.ListVMs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(vms)
		}
		<-time.After(5 * time.Minute)
		if listed() != 0 {
			t.Error("the machine is listed before its gap is over")
		}
		<-time.After(time.Second)
		synctest.Wait()
		if listed() != 1 || time.Since(began) < 5*time.Minute {
			t.Errorf("%d machines after %s", listed(), time.Since(began))
		}
	})
}
