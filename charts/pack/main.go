// Command pack makes the chart's archive, as `helm package` does.
package main

import (
	"flag"
	"fmt"
	"os"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/chart/v2/util"
)

func main() {
	directory := flag.String("chart", "", "directory of the chart")
	to := flag.String("to", ".", "directory that gets the archive")
	version := flag.String("version", "", "version of the chart and of the autoscaler; empty leaves what Chart.yaml says")
	flag.Parse()
	if err := pack(*directory, *to, *version); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(directory, to, version string) error {
	c, err := loader.LoadDir(directory)
	if err != nil {
		return fmt.Errorf("reading the chart: %w", err)
	}
	if version != "" {
		c.Metadata.Version, c.Metadata.AppVersion = version, version
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("checking the chart: %w", err)
	}
	if _, err := util.Save(c, to); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}
