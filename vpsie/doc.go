// Package vpsie is a client of the VPSie cloud API: it knows the API's paths, field names, status codes and habits,
// and nothing about Kubernetes.
//
// # Conduct
//
//   - One rate limiter serves every call of a Client, the token exchange included (default 100 requests a minute).
//   - Calls that change nothing are sent again on 429, 502, 503, 504 and broken connections: at most three times, with
//     growing, jittered waits, and after the wait the server asks for in Retry-After.
//   - CreateVM and DeleteVM are sent once. When their effect is unknown the error says so (MayHaveHappened) and the
//     caller must look in PendingVMs and ListVMs before it asks again, or it may pay for two machines.
//   - A 401 on an exchanged token leads to one new exchange and one repetition; the API did nothing on a 401.
//   - The API answers many failures with HTTP 200, and some quota refusals with HTTP 500: the message is judged before
//     the status. See Class for what each outcome asks of the caller.
//   - A list that is shorter than the API says it is, is an error, never a shorter list: absence from a list may
//     decide that a paid machine is gone.
//   - Passwords and tokens appear in no error, no log line and no value that this package returns.
package vpsie
