package observe

import (
	"fmt"
	"math"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Funds is what a prepaid account has left.
type Funds struct {
	Balance plan.Money
	// Hours is how long it lasts at what the account costs now; infinite when it costs nothing.
	Hours float64
	// Low says that it does not last long.
	Low bool
}

// String says it for a condition, with hours in steps so that the text does not change with every look.
func (f Funds) String() string {
	if math.IsInf(f.Hours, 1) {
		return fmt.Sprintf("The VPSie account has a balance of $%s, and nothing costs money", f.Balance)
	}
	about := fmt.Sprintf("%d hours", int(f.Hours))
	if f.Hours >= 72 {
		about = fmt.Sprintf("%d days", int(f.Hours/24))
	}
	text := fmt.Sprintf("The balance of the VPSie account lasts %s", about)
	if f.Low {
		text += "; VPSie suspends every VPS of an account that is empty: add credit"
	}
	return text
}

// Funds shows what a prepaid account has left; nil takes the series away.
func (m *Metrics) Funds(f *Funds) {
	if f == nil {
		m.balance.Reset()
		m.balanceHours.Reset()
		return
	}
	m.balance.WithLabelValues().Set(float64(f.Balance) / 1e6)
	m.balanceHours.WithLabelValues().Set(f.Hours)
}
