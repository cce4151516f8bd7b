package strict

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type inner struct {
	N int32 `json:"n"`
}

type outer struct {
	inner
	Text    string                       `json:"text"`
	Flag    *bool                        `json:"flag"`
	Amounts map[string]resource.Quantity `json:"amounts"`
	List    []inner                      `json:"list"`
	When    metav1.Time                  `json:"when"`
	Nested  struct{ Deep *outer }        `json:"nested"`
	Bytes   []byte                       `json:"bytes"`
	Hidden  string                       `json:"-"`
	private string                       //nolint:unused // a field that the decoder must pass over
}

func TestDecodeNamesEveryFault(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"all well":           {`{"n": 1, "text": "x", "flag": true, "amounts": {"cpu": "1", "memory": 2}, "list": [{"n": 2}], "when": "2025-10-12T10:00:00Z", "nested": {"Deep": {"n": 3}}, "bytes": "eA=="}`, nil},
		"nulls":              {`{"n": null, "text": null, "amounts": null, "list": [null]}`, nil},
		"unknown":            {`{"list": [{"m": 1}], "nest": {}}`, []string{`unknown field "list[0].m"`, `unknown field "nest"`}},
		"other case":         {`{"Text": "x"}`, []string{`unknown field "Text"`}},
		"repeated":           {`{"n": 1, "n": 2}`, []string{`duplicate field "n"`}},
		"text for a number":  {`{"n": "1"}`, []string{`n: want a whole number, written without quotes as 1, found the text "1"`}},
		"number too large":   {`{"list": [{"n": 1}, {"n": 3000000000}]}`, []string{`list[1].n: want a whole number of 32 bits, found the number 3000000000`}},
		"fraction":           {`{"n": 1.5}`, []string{`n: want a whole number of 32 bits, found the number 1.5`}},
		"number for a text":  {`{"text": 1}`, []string{`text: want a text, found the number 1`}},
		"text for a flag":    {`{"flag": "yes"}`, []string{`flag: want true or false, found the text "yes"`}},
		"quantity":           {`{"amounts": {"cpu": "1x", "nvidia.com/gpu": "much"}}`, []string{`amounts.cpu: invalid value "1x": `, `amounts[nvidia.com/gpu]: invalid value "much": `}},
		"tiny quantity":      {`{"amounts": {"cpu": "1e-99999999"}}`, []string{`amounts.cpu: invalid value "1e-99999999": the exponent of a quantity has at most 3 digits`}},
		"tiny number":        {`{"amounts": {"cpu": 1E-99999999}}`, []string{`amounts.cpu: invalid value 1E-99999999: the exponent of a quantity has at most 3 digits`}},
		"large quantity":     {`{"amounts": {"cpu": ".1e+0001"}}`, []string{`amounts.cpu: invalid value ".1e+0001": the exponent`}},
		"fair exponents":     {`{"amounts": {"cpu": "1e-3", "memory": "1E3", "pods": "12e010", "x": "1Ei"}}`, nil},
		"a text like one":    {`{"text": "1e-99999999"}`, nil},
		"time":               {`{"when": "yesterday"}`, []string{`when: invalid value "yesterday": `}},
		"object for a list":  {`{"list": {"n": 1}}`, []string{`list: want a list, found an object`}},
		"list for an object": {`{"list": [[1]]}`, []string{`list[0]: want an object, found a list`}},
		"text for a map":     {`{"amounts": "x"}`, []string{`amounts: want an object, found the text "x"`}},
		"deep":               {`{"nested": {"Deep": {"text": true, "n": []}}}`, []string{`nested.Deep.n: want a whole number of 32 bits, found a list`, `nested.Deep.text: want a text, found the boolean true`}},
		"bytes":              {`{"bytes": "!"}`, []string{`bytes: invalid value "!": `}},
		"a text":             {`"x"`, []string{`want an object, found the text "x"`}},
		"no JSON":            {`{"n": `, []string{`unexpected end of JSON input`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			faults := Decode([]byte(test.text), &outer{})
			if len(faults) != len(test.want) {
				t.Fatalf("faults %v, want %d", faults, len(test.want))
			}
			for i, want := range test.want {
				if !strings.HasPrefix(faults[i].Error(), want) {
					t.Errorf("fault %q, want one that begins with %q", faults[i], want)
				}
			}
		})
	}
}

func TestWantObject(t *testing.T) {
	for text, want := range map[string]string{
		` {"a": 1}`: "", `[1]`: "want an object, found a list", `1`: "want an object, found the number 1",
		`null`: "want an object, found nothing", `"x`: "unexpected end of JSON input", `false`: "want an object, found the boolean false",
	} {
		err := WantObject([]byte(text))
		if got := ""; err != nil {
			got = err.Error()
			if got != want {
				t.Errorf("%s: %q, want %q", text, got, want)
			}
		} else if want != "" {
			t.Errorf("%s: no error, want %q", text, want)
		}
	}
}
