package vpsie

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func TestScalars(t *testing.T) {
	for name, tc := range map[string]struct {
		raw     string
		integer string // "" when refused
		micros  string
		boolean string
		text    string
	}{
		"number":              {`12`, "12", "12000000", "", "12"},
		"zero":                {`0`, "0", "0", "false", "0"},
		"one":                 {`1`, "1", "1000000", "true", "1"},
		"text number":         {`" 12 "`, "12", "12000000", "", "12"},
		"text one":            {`"1"`, "1", "1000000", "true", "1"},
		"decimal":             {`12.5`, "", "12500000", "", "12.5"},
		"text decimal":        {`"12.50"`, "", "12500000", "", "12.50"},
		"whole decimal":       {`4096.0`, "4096", "4096000000", "", "4096.0"},
		"exponent":            {`1.2e1`, "12", "12000000", "", "1.2e1"},
		"with a sign":         {`"$9.99"`, "", "9990000", "", "$9.99"},
		"exact":               {`0.1`, "", "100000", "", "0.1"},
		"half a millionth":    {`0.0000005`, "", "1", "", "0.0000005"},
		"a third":             {`"1/3"`, "", "", "", "1/3"},
		"hex":                 {`"0x10"`, "", "", "", "0x10"},
		"negative":            {`-1`, "-1", "", "", "-1"},
		"true":                {`true`, "1", "", "true", "true"},
		"false":               {`false`, "0", "", "false", "false"},
		"null":                {`null`, "0", "", "false", ""},
		"empty":               {`""`, "0", "", "false", ""},
		"words":               {`"many"`, "", "", "", "many"},
		"object":              {`{}`, "", "", "", "-"},
		"list":                {`[1]`, "", "", "", "-"},
		"too large":           {`99999999999999999999`, "", "", "", "99999999999999999999"},
		"too large as micros": {`9999999999999`, "9999999999999", "", "", "9999999999999"},
		"bomb":                {`1e999999999`, "", "", "", "1e999999999"},
		"dust":                {`1e-70`, "", "", "", "1e-70"},
		"no number":           {`"NaN"`, "", "", "", "NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			// encoding/json leaves values alone on null, where these types have a meaning.
			var i flexInt
			check(t, "integer", i.UnmarshalJSON([]byte(tc.raw)), &i, tc.integer, tc.integer == "")
			var m flexMicros
			check(t, "micros", m.UnmarshalJSON([]byte(tc.raw)), &m, tc.micros, tc.micros == "")
			var b flexBool
			check(t, "boolean", b.UnmarshalJSON([]byte(tc.raw)), &b, tc.boolean, tc.boolean == "")
			var s flexString
			err := s.UnmarshalJSON([]byte(tc.raw))
			if (err != nil) != (tc.text == "-") || err == nil && string(s) != tc.text {
				t.Errorf("text = %q, %v, want %q", s, err, tc.text)
			}
		})
	}
}

func check(t *testing.T, kind string, err error, got any, want string, refused bool) {
	t.Helper()
	text, jsonErr := json.Marshal(got)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	if (err != nil) != refused || err == nil && string(text) != want {
		t.Errorf("%s = %s, %v, want %q", kind, text, err, want)
	}
}

func TestTimes(t *testing.T) {
	for raw, want := range map[string]string{
		`"2026-01-02T03:04:05Z"`:      "2026-01-02T03:04:05Z",
		`"2026-01-02T03:04:05.6789Z"`: "2026-01-02T03:04:05Z",
		`"2026-01-02 03:04:05"`:       "2026-01-02T03:04:05Z",
		`null`:                        "0001-01-01T00:00:00Z",
		`""`:                          "0001-01-01T00:00:00Z",
		`"yesterday"`:                 "0001-01-01T00:00:00Z",
		`{}`:                          "0001-01-01T00:00:00Z",
	} {
		var ft flexTime
		if err := ft.UnmarshalJSON([]byte(raw)); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if got := ft.UTC().Format("2006-01-02T15:04:05Z"); got != want {
			t.Errorf("%s = %s, want %s", raw, got, want)
		}
	}
}

// FuzzScalars: no input makes a decoder panic, and each number read is the number that was written.
func FuzzScalars(f *testing.F) {
	for _, seed := range []string{"1", `"12.50"`, "null", "true", `"x"`, "1e5", "-0.5", `"$3"`, "{}", "1e-60", `"1_000"`, `"+7"`, "0.0000005"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var m flexMicros
		if err := m.UnmarshalJSON([]byte(raw)); err == nil {
			if m < 0 {
				t.Errorf("%q is the price %d", raw, m)
			}
			numeral, _ := scalarText([]byte(raw))
			exact, ok := new(big.Rat).SetString(strings.TrimSpace(strings.TrimPrefix(numeral, "$")))
			if !ok {
				t.Fatalf("%q is no number and was read as %d", raw, m)
			}
			off := exact.Sub(exact, big.NewRat(int64(m), 1_000_000))
			if off.Abs(off).Cmp(big.NewRat(1, 2_000_000)) > 0 {
				t.Errorf("%q was read as %d millionths", raw, m)
			}
		}
		var i flexInt
		var b flexBool
		var s flexString
		if i.UnmarshalJSON([]byte(raw)) == nil && s.UnmarshalJSON([]byte(raw)) != nil {
			t.Errorf("%q is a number and no text", raw)
		}
		if b.UnmarshalJSON([]byte(raw)) == nil && i.UnmarshalJSON([]byte(raw)) == nil && bool(b) != (i == 1) {
			t.Errorf("%q is %v and %d", raw, b, i)
		}
	})
}

// FuzzAnswers: no answer makes the list decoder panic or lose items.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"error":false,"data":[{"identifier":"a"}],"total":1}`, `{"data":{"rows":[{}],"count":"1"}}`, `{"data":[[{}]]}`, `{"data":false}`,
		`{"error":true,"message":{}}`, `<html>`, `{"data":[],"total":[{"count":3}]}`, `[]`, `{"data":{"rows":{}}}`, `{"data":[null]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := newAnswer(200, nil, []byte(body))
		a.says()
		p, err := decodePage[wireVM](a.env)
		if err != nil {
			return
		}
		var plain struct{ Data []json.RawMessage }
		if json.Unmarshal([]byte(body), &plain) == nil && a.framed && len(p.items) < len(plain.Data) && !strings.Contains(body, "[[") && !strings.Contains(body, "[ ") {
			for _, raw := range plain.Data {
				if raw[0] == '[' {
					return // a list in the list may be empty
				}
			}
			t.Errorf("%q lost items: %d of %d", body, len(p.items), len(plain.Data))
		}
		_, _ = decodeVM(a.env.Data)
	})
}
