package plan

import (
	"encoding/json"
	"testing"
)

func TestParseMoney(t *testing.T) {
	for text, want := range map[string]Money{
		"12": 12_000_000, "12.00": 12_000_000, "12.5": 12_500_000, ".5": 500_000, " 7.0000000 ": 7_000_000, "0.000001": 1, "0": 0,
	} {
		if got, err := ParseMoney(text); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "-1", "1,5", "1e3", "0.0000001", "1.2.3", "99999999999999999999", "4611686018428"} {
		if got, err := ParseMoney(text); err == nil {
			t.Errorf("ParseMoney(%q) = %d; want an error", text, got)
		}
	}
}

func TestHourlyPrintsFourDecimals(t *testing.T) {
	for text, want := range map[string]string{"12.00": `"0.0167"`, "0": `"0.0000"`, "720": `"1.0000"`, "0.036": `"0.0001"`, "0.035": `"0.0000"`, "1000": `"1.3889"`} {
		m, err := ParseMoney(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(Hourly(m)); err != nil || string(got) != want {
			t.Errorf("%s a month is %s, %v; want %s", text, got, err, want)
		}
	}
	if got := Hourly(-12_000_000).String(); got != "-0.0167" {
		t.Errorf("a saving of 12.00 a month prints %s", got)
	}
	if got := Money(12_345_000).String(); got != "12.345" {
		t.Errorf("Money prints %s", got)
	}
}
