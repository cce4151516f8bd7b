package vpsie_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// TestTotalAboveTheRows: servers that show a part of a list give the whole of it in one of the ways that are asked for.
func TestTotalAboveTheRows(t *testing.T) {
	const n = 7
	for name, span := range map[string]func(offset, limit int) (int, int){
		"offset counts pages":  func(offset, limit int) (int, int) { return offset * limit, offset*limit + limit },
		"limit has a maximum":  func(offset, limit int) (int, int) { return offset, offset + min(limit, 3) },
		"offset is not heeded": func(_, limit int) (int, int) { return 0, limit },
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				offset, limit := 0, 3
				if text := r.URL.Query().Get("limit"); text != "" {
					limit, _ = strconv.Atoi(text)
					offset, _ = strconv.Atoi(r.URL.Query().Get("offset"))
				}
				from, to := span(offset, limit)
				var rows []string
				for i := min(from, n); i < min(to, n); i++ {
					rows = append(rows, fmt.Sprintf(`{"identifier":"vm%d"}`, i))
				}
				fmt.Fprintf(w, `{"error":false,"data":[%s],"total":%d}`, strings.Join(rows, ","), n)
			}))
			defer s.Close()
			c := client(t, vpsie.Options{URL: s.URL, Token: "t", HTTPClient: httpClient(t)})
			if vms, err := c.ListVMs(t.Context()); err != nil || len(vms) != n {
				t.Errorf("ListVMs = %d machines, %v; want %d", len(vms), err, n)
			}
		})
	}
}

// TestOddPlansCostTheListThemselvesOnly, and so do categories that the API refuses.
func TestOddPlansCostTheListThemselvesOnly(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			io.WriteString(w, `{"error":false,"data":[{"identifier":"good","name":"C"},{"name":"none"},{"identifier":"bad","name":"A"}]}`)
		case r.FormValue("planCatIdentifier") == "bad":
			io.WriteString(w, `{"error":true,"message":"This category is not allowed"}`)
		default:
			io.WriteString(w, `{"error":false,"data":[{"identifier":"a","nickname":"a","price":5},{"identifier":"b","nickname":"b"},
				{"identifier":"c","price":"call us"},{"identifier":"d","ram":"4 GB","price":1},{"nickname":"e","price":1}]}`)
		}
	}))
	defer s.Close()
	c := client(t, vpsie.Options{URL: s.URL, Token: "t", HTTPClient: httpClient(t)})
	plans, err := c.Plans(t.Context(), "dc", "os")
	if err != nil || len(plans) != 1 || plans[0].Identifier != "a" {
		t.Errorf("Plans = %+v, %v; want the plan a alone", plans, err)
	}
}

// TestHugeAnswersEndInAnError: memory is bounded by the answer's own size, whatever it holds.
func TestHugeAnswersEndInAnError(t *testing.T) {
	// The heap then grows with what is held, not with when garbage is collected, which is late under the race detector.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	for name, body := range map[string]string{
		"nested":       `{"error":false,"data":` + strings.Repeat("[", 8<<20),
		"empty lists":  `{"error":false,"data":[` + strings.Repeat("[],", 8<<20/3) + `[]]}`,
		"empty inside": `{"error":false,"data":[[` + strings.Repeat("{},", 8<<20/3) + `{}]]}`,
		"objects":      `{"error":false,"data":[` + strings.Repeat("{},", 31<<20/3) + `{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, body)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := c.ListVMs(t.Context())
			runtime.ReadMemStats(&after)
			if vpsie.ClassOf(err) != vpsie.Temporary {
				t.Errorf("ListVMs = %v, want a temporary error", err)
			}
			if grown := (after.HeapSys - before.HeapSys) >> 20; after.HeapSys > before.HeapSys && grown > 200 {
				t.Errorf("the heap grew by %d MiB", grown)
			}
		})
	}
}
