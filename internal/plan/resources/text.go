package resources

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Text prints an amount of the dimension as users write it.
func (d *Dimensions) Text(i int, amount int64) string {
	switch i {
	case CPU:
		return resource.NewMilliQuantity(amount, resource.DecimalSI).String()
	case Memory, Storage:
		return bytesText(amount)
	}
	if strings.HasPrefix(string(d.Names[i]), corev1.ResourceHugePagesPrefix) {
		return bytesText(amount)
	}
	return fmt.Sprint(amount)
}

func bytesText(amount int64) string {
	// What a node has is seldom a round number, and its last bytes are no news.
	if whole := amount &^ (1<<20 - 1); whole > 0 && amount%(1<<10) != 0 {
		amount = whole
	}
	return resource.NewQuantity(amount, resource.BinarySI).String()
}
