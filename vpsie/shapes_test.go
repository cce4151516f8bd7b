package vpsie_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// answering is a server with one answer for everything.
func answering(t *testing.T, body string) *vpsie.Client {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return client(t, vpsie.Options{URL: s.URL, Token: "t", HTTPClient: httpClient(t)})
}

func TestListShapes(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want []string
		err  string
	}{
		"list":               {body: `{"error":false,"data":[{"identifier":"a"},{"identifier":"b"}],"total":2}`, want: []string{"a", "b"}},
		"list in a list":     {body: `{"error":0,"data":[[{"identifier":"a"}]]}`, want: []string{"a"}},
		"rows":               {body: `{"error":false,"data":{"rows":[{"identifier":"a"}],"count":"1"}}`, want: []string{"a"}},
		"total as a list":    {body: `{"error":false,"data":[{"identifier":"a"}],"total":[{"count":1}]}`, want: []string{"a"}},
		"false is nothing":   {body: `{"error":false,"data":false}`, err: "ListVMs: the API answered without a list"},
		"null is nothing":    {body: `{"error":false,"data":null}`, err: "ListVMs: the API answered without a list"},
		"no rows":            {body: `{"error":false,"data":{"rows":null,"total":0}}`},
		"no data":            {body: `{"error":false}`, err: "ListVMs: the API answered without a list"},
		"an object":          {body: `{"error":false,"data":{"a":1}}`, err: "ListVMs: the answer holds an object where a list is expected"},
		"text":               {body: `{"error":false,"data":"x"}`, err: "ListVMs: the answer holds no list where one is expected"},
		"fewer than told":    {body: `{"error":false,"data":[{"identifier":"a"}],"total":2}`, want: []string{"a"}, err: "ListVMs: the list is incomplete: 1 of 2 came"},
		"nothing of two":     {body: `{"error":false,"data":null,"total":2}`, err: "ListVMs: the API answered without a list"},
		"rows fewer":         {body: `{"error":false,"data":{"rows":[],"total":1}}`, err: "ListVMs: the list is incomplete: 0 of 1 came"},
		"total in words":     {body: `{"error":false,"data":[],"total":"many"}`, err: "ListVMs: the answer's total is not a number"},
		"no identifier":      {body: `{"error":false,"data":[{"id":1}]}`, err: "ListVMs: the list holds a machine without an identifier"},
		"item of a stranger": {body: `{"error":false,"data":[1]}`, err: `ListVMs: reading item 0 of the list: field "" has the wrong type`},
		"one row twice":      {body: `{"error":false,"data":[{"identifier":"a"},{"identifier":"a"}],"total":2}`, want: []string{"a"}},
		"flag in words":      {body: `{"error":false,"data":[{"identifier":"a","is_active":"secret"}]}`, want: []string{"a"}},
		"lists in lists":     {body: `{"error":false,"data":[[[{"identifier":"a"}]]]}`, err: "ListVMs: the answer's list holds lists in lists"},
	} {
		t.Run(name, func(t *testing.T) {
			vms, err := answering(t, tc.body).ListVMs(t.Context())
			var got []string
			for _, vm := range vms {
				got = append(got, vm.Identifier)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("ListVMs (-want +got):\n%s", diff)
			}
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.err)) {
				t.Errorf("ListVMs = %v, want %q", err, tc.err)
			}
		})
	}
}

func TestGetVMShapes(t *testing.T) {
	const id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	for name, tc := range map[string]struct {
		body string
		want vpsie.VM
		err  vpsie.Class
	}{
		"bare":         {body: `{"data":{"identifier":"` + id + `","id":"7","power":true}}`, want: vpsie.VM{ID: 7, Identifier: id, PoweredOn: true}},
		"tags as text": {body: `{"data":{"vmData":{"identifier":"` + id + `"},"vmTags":["a",{"tag":"b"},null]}}`, want: vpsie.VM{Identifier: id, Tags: []string{"a", "b"}}},
		"odd addresses": {body: `{"data":{"identifier":"` + id + `","default_ip":"0.0.0.0","publicIp":"192.0.2.7","private_ip":"10.0.0.7/24","default_ipv6":"none"}}`,
			want: vpsie.VM{Identifier: id, IPv4: "192.0.2.7", PrivateIP: "10.0.0.7"}},
		"odd values": {body: `{"data":{"identifier":"` + id + `","id":7,"ram":"4 GB","is_active":2,"is_deleted":2,"power":[],"default_ip":["192.0.2.7","192.0.2.8"]}}`,
			want: vpsie.VM{ID: 7, Identifier: id, IPv4: "192.0.2.7", Active: true}},
		"dropped":   {body: `{"data":{"identifier":"` + id + `","is_deleted":1,"is_terminated":"1","is_locked":1,"boxes_suspended":1}}`, want: vpsie.VM{Identifier: id, Deleted: true, Terminated: true, Locked: true, Suspended: true}},
		"another":   {body: `{"data":{"identifier":"6ba7b811-9dad-11d1-80b4-00c04fd430c8"}}`, err: vpsie.Temporary},
		"nobody":    {body: `{"data":null}`, err: vpsie.NotFound},
		"no object": {body: `{"data":[]}`, err: vpsie.Temporary},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := answering(t, tc.body).GetVM(t.Context(), id)
			if vpsie.ClassOf(err) != tc.err {
				t.Errorf("GetVM = %v, want class %q", err, tc.err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("GetVM (-want +got):\n%s", diff)
			}
		})
	}
}
