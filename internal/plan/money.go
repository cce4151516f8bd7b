package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// HoursPerMonth is the cloud's billing month.
const HoursPerMonth = 720

// moneyUnit is how many Money units make one of the currency.
const moneyUnit = 1_000_000

// ParseMoney reads a monthly price as a decimal string, such as "12", "12.5" or
// "12.00". Digits beyond the sixth decimal must be zero; a price is never negative.
func ParseMoney(s string) (Money, error) {
	text := strings.TrimSpace(s)
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" && fraction == "" {
		return 0, fmt.Errorf("parsing price %q: want a decimal number such as 12.00", s)
	}
	cut := strings.TrimRight(fraction, "0")
	if len(cut) > 6 {
		return 0, fmt.Errorf("parsing price %q: want at most six decimals", s)
	}
	units, err := parseDigits(whole)
	if err != nil {
		return 0, fmt.Errorf("parsing price %q: %w", s, err)
	}
	parts, err := parseDigits(cut + strings.Repeat("0", 6-len(cut)))
	if err != nil {
		return 0, fmt.Errorf("parsing price %q: %w", s, err)
	}
	const most = int64(1) << 62 / moneyUnit
	if units >= most {
		return 0, fmt.Errorf("parsing price %q: want less than %d", s, most)
	}
	return Money(units*moneyUnit + parts), nil
}

func parseDigits(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, fmt.Errorf("want digits and at most one point, found %q", r)
		}
	}
	return strconv.ParseInt(s, 10, 64)
}

// String prints the amount per month, with at least two decimals.
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	fraction := strings.TrimRight(fmt.Sprintf("%06d", m%moneyUnit), "0")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return fmt.Sprintf("%s%d.%s", sign, m/moneyUnit, fraction)
}

// String prints the amount per hour with four decimals, rounded half up.
func (h Hourly) String() string {
	const tenThousandths = moneyUnit / 10_000 * HoursPerMonth
	sign := ""
	if h < 0 {
		sign, h = "-", -h
	}
	n := (int64(h) + tenThousandths/2) / tenThousandths
	return fmt.Sprintf("%s%d.%04d", sign, n/10_000, n%10_000)
}

// MarshalJSON writes the amount per hour as a string: 12.00 a month is "0.0167".
func (h Hourly) MarshalJSON() ([]byte, error) {
	return []byte(`"` + h.String() + `"`), nil
}
