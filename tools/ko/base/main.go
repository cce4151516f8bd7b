// Command base writes an empty base image for linux on amd64 and arm64 where ko looks before it asks a registry, and prints
// its name. It lets a dry run of a release make the image without a network.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	cache := flag.String("cache", "", "the directory that KOCACHE names")
	flag.Parse()
	if err := run(*cache); err != nil {
		fmt.Fprintln(os.Stderr, "base:", err)
		os.Exit(1)
	}
}

func run(cache string) error {
	if cache == "" {
		return fmt.Errorf("--cache: Required value: the directory that KOCACHE names")
	}
	path, err := layout.Write(filepath.Join(cache, "img"), empty.Index)
	if err != nil {
		return fmt.Errorf("making the layout: %w", err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range []string{"amd64", "arm64"} {
		image, err := emptyImage(arch)
		if err != nil {
			return fmt.Errorf("making the image for %s: %w", arch, err)
		}
		// ko looks for the images, too, at the top of the layout only.
		if err := path.AppendImage(image); err != nil {
			return fmt.Errorf("writing the image for %s: %w", arch, err)
		}
		platform := &v1.Platform{OS: "linux", Architecture: arch}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	if err := path.AppendIndex(index); err != nil {
		return fmt.Errorf("writing the layout: %w", err)
	}
	digest, err := index.Digest()
	if err != nil {
		return fmt.Errorf("reading the digest: %w", err)
	}
	_, err = fmt.Fprintf(os.Stdout, "dry-run.invalid/empty@%s\n", digest)
	return err
}

func emptyImage(arch string) (v1.Image, error) {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: arch,
		RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{User: "65532:65532"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigMediaType(mutate.MediaType(image, types.OCIManifestSchema1), types.OCIConfigJSON), nil
}
