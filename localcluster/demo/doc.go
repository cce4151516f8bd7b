// Package demo tells the autoscaler's story on a running stack, from the first node to the last bill: it orders what the
// autoscaler must answer, an exchange and a roll-out among it, tells and shows what happens, and checks the end against the
// cloud's own ledger.
package demo
