// Package record keeps what a decision was made from as a file, so that it can be made again
// elsewhere: the cluster's objects without what may be secret, and what could be bought.
package record
