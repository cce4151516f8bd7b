package explain

import (
	"fmt"
	"math"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// micro is millionths of the currency.
type micro int64

// parseMicro reads an hourly price as statuses print it; what is none is nothing.
func parseMicro(text string) micro {
	m, err := plan.ParseMoney(text)
	if err != nil {
		return 0
	}
	return micro(m)
}

// String writes four decimals, as all hourly prices have.
func (m micro) String() string { return fmt.Sprintf("%.4f", float64(m)/1e6) }

// times is a part of the amount.
func (m micro) times(part float64) micro { return micro(math.Round(float64(m) * part)) }

// hoursPerMonth is the cloud's billing month.
const hoursPerMonth = 720

// costLine is an hourly cost in words. The month is rounded, as hourly prices are.
func costLine(cost, bound string) string {
	c, b := parseMicro(cost), parseMicro(bound)
	text := fmt.Sprintf("%s an hour, about %.0f a month", cost, float64(c)/1e6*hoursPerMonth)
	if b > 0 {
		text += fmt.Sprintf("; proved lower bound %s (cost / bound = %.3f)", bound, float64(c)/float64(b))
	}
	return text
}
