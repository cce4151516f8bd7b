package cluster

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// expand lists the files of the paths, directories by name with all below them.
// skipped are those that it leaves out.
func expand(paths []string) (files []source, skipped []string, err error) {
	for _, path := range paths {
		if path == "-" {
			files = append(files, source{name: path})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, err
		}
		if !info.IsDir() {
			files = append(files, source{name: path})
			continue
		}
		inside, others, err := manifests(path)
		if err != nil {
			return nil, nil, err
		}
		if len(inside) == 0 {
			return nil, nil, fmt.Errorf("%s: holds no file that ends in .yaml, .yml or .json", path)
		}
		for _, name := range inside {
			files = append(files, source{name, true})
		}
		skipped = append(skipped, others...)
	}
	given := map[string]bool{}
	for _, file := range files {
		if given[file.name] {
			return nil, nil, fmt.Errorf("%s: is given twice", file.name)
		}
		given[file.name] = true
	}
	return files, skipped, nil
}

// source is a file to read.
type source struct {
	name string
	// listed: a directory has it; nobody named it.
	listed bool
}

// manifests are the YAML and JSON files below a directory, hidden ones left out, and the
// other files there.
func manifests(directory string) (files, others []string, err error) {
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != directory && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			if entry.Type().IsRegular() {
				others = append(others, path)
			}
			return nil
		}
		// A link may lead to a directory, as in mounted ConfigMaps.
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	return files, others, err
}
