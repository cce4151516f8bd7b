package vpsie

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The API sends the same field as a number, a string, a boolean or null, depending on the route and the day. These types
// accept any of them where the meaning is clear, and refuse the rest: a wrong guess about a machine costs money.

type (
	flexInt    int64
	flexBool   bool
	flexString string
	flexTime   struct{ time.Time }
	flexMicros int64 // a decimal in units of 1e-6

	// The loose types are for what no decision about a paid machine hangs on: they read what they can and reject nothing.
	looseInt     int64
	looseYes     bool   // yes for every number but 0
	looseFlag    bool   // yes only where that is plain
	looseAddress string // also the first address of a list
)

func (v *looseInt) UnmarshalJSON(raw []byte) error {
	var n flexInt
	if n.UnmarshalJSON(raw) != nil {
		n = 0
	}
	*v = looseInt(n)
	return nil
}

func (v *looseYes) UnmarshalJSON(raw []byte) error {
	var plain flexBool
	if plain.UnmarshalJSON(raw) != nil {
		var n flexInt
		plain = n.UnmarshalJSON(raw) == nil && n != 0
	}
	*v = looseYes(plain)
	return nil
}

func (v *looseFlag) UnmarshalJSON(raw []byte) error {
	var plain flexBool
	if plain.UnmarshalJSON(raw) != nil {
		plain = false
	}
	*v = looseFlag(plain)
	return nil
}

func (v *looseAddress) UnmarshalJSON(raw []byte) error {
	*v = ""
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, item := range list {
		var s flexString
		if s.UnmarshalJSON(item) == nil && plainAddress(s) != "" {
			*v = looseAddress(s)
			return nil
		}
	}
	return nil
}

// maxScalar bounds a numeral's length; longer text is no number that the API means.
const maxScalar = 64

// scalarText returns a JSON scalar as plain text: strings without quotes, null as "".
func scalarText(raw []byte) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", nil
	case raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return strings.TrimSpace(s), err
	case raw[0] == '{' || raw[0] == '[':
		return "", errors.New("is an object or a list where one value is expected")
	default:
		return string(raw), nil
	}
}

func (v *flexString) UnmarshalJSON(raw []byte) error {
	s, err := scalarText(raw)
	*v = flexString(s)
	return err
}

func (v *flexBool) UnmarshalJSON(raw []byte) error {
	s, err := scalarText(raw)
	if err != nil {
		return err
	}
	switch strings.ToLower(s) {
	case "", "0", "false", "no", "off":
		*v = false
	case "1", "true", "yes", "on":
		*v = true
	default:
		return fmt.Errorf("%s is neither yes nor no", quoteShort(s))
	}
	return nil
}

func (v *flexInt) UnmarshalJSON(raw []byte) error {
	s, err := scalarText(raw)
	if err != nil {
		return err
	}
	switch s {
	case "", "false":
		*v = 0
		return nil
	case "true":
		*v = 1
		return nil
	}
	n, err := decimal(s, 0)
	*v = flexInt(n)
	return err
}

// UnmarshalJSON leaves the time zero when it cannot be read: an age is a help, never a reason to reject a machine.
func (v *flexTime) UnmarshalJSON(raw []byte) error {
	v.Time = time.Time{}
	s, err := scalarText(raw)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			v.Time = t
			return nil
		}
	}
	return nil
}

func (v *flexMicros) UnmarshalJSON(raw []byte) error {
	s, err := scalarText(raw)
	if err != nil {
		return err
	}
	if s == "" {
		return errors.New("an amount is missing")
	}
	n, err := decimal(strings.TrimSpace(strings.TrimPrefix(s, "$")), 6)
	if err == nil && n < 0 {
		return fmt.Errorf("%s is below 0", quoteShort(s))
	}
	*v = flexMicros(n)
	return err
}

// decimal reads a numeral as an integer of 10^-places. Digits beyond that must be zero for places 0, and are rounded half
// away from zero otherwise, as prices need it.
func decimal(s string, places int64) (int64, error) {
	if !isNumeral(s) {
		return 0, fmt.Errorf("%s is not a number", quoteShort(s))
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, fmt.Errorf("%s is not a number", quoteShort(s))
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)))
	if !r.IsInt() && places == 0 {
		return 0, fmt.Errorf("%s is not a whole number", quoteShort(s))
	}
	n, ok := new(big.Int).SetString(r.FloatString(0), 10)
	if !ok || !n.IsInt64() {
		return 0, fmt.Errorf("%s is too large", quoteShort(s))
	}
	return n.Int64(), nil
}

// isNumeral keeps from big.Rat what it understands but no API means: fractions, hex, and exponents that fill the memory.
func isNumeral(s string) bool {
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(s), "e")
	if len(s) > maxScalar || strings.Trim(mantissa, "+-.0123456789") != "" {
		return false
	}
	if !hasExponent {
		return true
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && -maxScalar <= e && e <= maxScalar
}

func quoteShort(s string) string {
	if len(s) > maxScalar {
		s = s[:maxScalar] + "…"
	}
	return strconv.Quote(s)
}

// plainAddress returns an IP address without its prefix length, and "" for what is none: the API fills empty addresses
// with several kinds of nothing.
func plainAddress(s flexString) string {
	text, _, _ := strings.Cut(string(s), "/")
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.IsUnspecified() {
		return ""
	}
	return ip.String()
}
