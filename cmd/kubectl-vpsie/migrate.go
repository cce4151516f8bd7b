package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
)

func (c *cli) migrateCommand() *cobra.Command {
	var check bool
	var files []string
	cmd := &cobra.Command{
		Use:   "migrate --check [-f FILE|DIR|-]...",
		Short: "Say what still uses an old version of the API",
		Long: `Say what still uses an old version of the API; change nothing.

It looks at the NodeGroups and VPSieNodes of the cluster, and with -f at manifests,
Helm templates and the like, line by line. In the cluster it sees what kubectl apply,
Argo CD and Flux applied; Helm does not record the version, so hand it what Helm
renders: helm template … | kubectl vpsie migrate --check -f -

All versions have the same fields, so a new apiVersion is all that has to change.
Exit status: 0; 1 when something could not be read; 2 when an old version is in use.`,
		Example: "  kubectl vpsie migrate --check\n  kubectl vpsie migrate --check -f manifests/ -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !check {
				return errors.New("--check is required: this release has nothing to migrate by itself")
			}
			return c.migrateCheck(cmd.Context(), files)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "look, and change nothing")
	cmd.Flags().StringArrayVarP(&files, "filename", "f", nil, "file or directory to look through, - for stdin; may be given several times")
	c.addOutput(cmd)
	return cmd
}

func (c *cli) migrateCheck(ctx context.Context, files []string) error {
	answer := &explain.Versions{Newest: explain.NewestVersion(), Old: []explain.VersionUse{}}
	_, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	answer.Old = append(answer.Old, explain.VersionsIn(s)...)
	if answer.Stored, err = c.storedVersions(ctx); err != nil {
		c.note("without the stored versions: %v", err)
	}
	for _, name := range files {
		found, err := c.versionsIn(name)
		if err != nil {
			return fmt.Errorf("-f %s: %w", name, err)
		}
		answer.Old = append(answer.Old, found...)
	}
	if err := c.say(answer); err != nil {
		return err
	}
	if len(answer.Old) > 0 {
		return exitStatus(2)
	}
	return nil
}

// storedVersions asks the definitions in which versions etcd holds objects.
func (c *cli) storedVersions(ctx context.Context) (map[string][]string, error) {
	config, err := c.restConfig()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	kube, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	stored := map[string][]string{}
	for _, plural := range []string{"nodegroups", "vpsienodes"} {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := kube.Get(ctx, client.ObjectKey{Name: plural + "." + v1alpha1.GroupVersion.Group}, &crd); err != nil {
			return nil, err
		}
		stored[plural] = crd.Status.StoredVersions
	}
	return stored, nil
}

// versionsIn looks through a file, or through the manifests and templates below a directory.
func (c *cli) versionsIn(name string) ([]explain.VersionUse, error) {
	if name == "-" {
		text, err := io.ReadAll(c.In)
		return explain.VersionsInText("stdin", text), err
	}
	var found []explain.VersionUse
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		suffixes := []string{".yaml", ".yml", ".json", ".tpl"}
		if err != nil || entry.IsDir() || path != name && !slices.Contains(suffixes, filepath.Ext(path)) {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // a person names their own folder, and the file is only read
		found = append(found, explain.VersionsInText(path, text)...)
		return err
	})
	return found, err
}
