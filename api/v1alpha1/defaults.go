package v1alpha1

// The defaults of the reference's ScaleUpPolicy and ScaleDownPolicy; the CRD
// carries the same ones.
const (
	DefaultScaleUpWindowSeconds   int32 = 60
	DefaultScaleUpThreshold       int32 = 80
	DefaultScaleDownWindowSeconds int32 = 600
	DefaultScaleDownThreshold     int32 = 50
	DefaultUnneededTime           int32 = 600
)

// SetDefaults fills what the API server would have filled, for a NodeGroup that
// did not pass through one.
func (g *NodeGroup) SetDefaults() {
	up, down := &g.Spec.ScaleUpPolicy, &g.Spec.ScaleDownPolicy
	setDefault(&up.Enabled, true)
	setDefault(&up.StabilizationWindowSeconds, DefaultScaleUpWindowSeconds)
	setDefault(&up.CPUThreshold, DefaultScaleUpThreshold)
	setDefault(&up.MemoryThreshold, DefaultScaleUpThreshold)
	setDefault(&down.Enabled, true)
	setDefault(&down.StabilizationWindowSeconds, DefaultScaleDownWindowSeconds)
	setDefault(&down.CPUThreshold, DefaultScaleDownThreshold)
	setDefault(&down.MemoryThreshold, DefaultScaleDownThreshold)
	setDefault(&down.UnneededTime, DefaultUnneededTime)
}

func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
