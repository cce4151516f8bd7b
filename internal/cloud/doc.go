// Package cloud reads and changes VPSie, in the planner's types: what can
// be bought, what was refused lately, which machines are there, and how to order
// one or delete one. It knows no Kubernetes object but the Secret's keys.
package cloud
