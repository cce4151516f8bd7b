package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// mostExponentDigits is how long the exponent of a quantity may be. The parser of
// quantities works 1e-99999999 out digit by digit, for minutes.
const mostExponentDigits = 3

// hugeExponents names the quantities that must not be handed to their parser.
func hugeExponents(data []byte, v any) []error {
	if !mayHaveHugeExponent(data) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // a float would lose the exponent
	var raw any
	if d.Decode(&raw) != nil {
		return nil // the decoder proper says why
	}
	return mismatches(reflect.TypeOf(v).Elem(), raw, "")
}

// mayHaveHugeExponent looks for a number with one anywhere in the JSON, in one pass
// because nearly no file has any.
func mayHaveHugeExponent(data []byte) bool {
	digits := 0
	for i := len(data) - 1; i > 0; i-- {
		c := data[i]
		switch {
		case '0' <= c && c <= '9':
			digits++
			continue
		case (c == '+' || c == '-') && digits > mostExponentDigits && (data[i-1] == 'e' || data[i-1] == 'E'):
			return true
		case (c == 'e' || c == 'E') && digits > mostExponentDigits && strings.IndexByte("0123456789.", data[i-1]) >= 0:
			return true
		}
		digits = 0
	}
	return false
}

// checkExponent refuses a quantity, in JSON, whose exponent is too long.
func checkExponent(t reflect.Type, data []byte) error {
	if t != reflect.TypeFor[resource.Quantity]() {
		return nil
	}
	text := strings.Trim(string(data), `" `)
	at := strings.LastIndexAny(text, "eE")
	if at < 0 {
		return nil
	}
	exponent := strings.TrimLeft(text[at+1:], "+-")
	if len(exponent) > mostExponentDigits && strings.Trim(exponent, "0123456789") == "" {
		return fmt.Errorf("the exponent of a quantity has at most %d digits", mostExponentDigits)
	}
	return nil
}
