// Package build says which build of the program this is.
package build

import "runtime/debug"

// Version is the module's version as the Go toolchain recorded it, "(devel)" where it recorded none.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
