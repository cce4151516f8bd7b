// Package chaos proves that nothing is leaked, bought twice or broken whatever fails: it runs the controller's binary
// against a real control plane and the fake VPSie, lets a seeded schedule change the workload, spoil the cloud's answers,
// kill the controller, restart the API server and give the controller old news, and in the end judges the cloud's ledger
// and what an independent watcher saw.
package chaos
