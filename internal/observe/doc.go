// Package observe reports: every event, condition, status summary and
// metric that users see is worded here. It decides nothing.
package observe
