// Package control changes Kubernetes: all reconcilers, one file for each
// step of a machine's life. Nothing else writes to the cluster, only its launch
// step orders a VPS, and only its remove and sweep steps delete one.
//
// The round decides and writes intents (VPSieNode objects, or their deletion);
// the node reconciler (machines) sees where each stands and hands it to the part that takes it further: launcher, wiring,
// joiner, drainer or remover, which share the store. Every step can be cut off anywhere and
// runs again from what the API server and the cloud's lists say.
package control
