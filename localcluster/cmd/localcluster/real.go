package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/localcluster/real"
)

func realCommand(p *paths) *cobra.Command {
	image, only := "", ""
	cmd := &cobra.Command{
		Use: "real", Args: cobra.NoArgs, Short: "Have guests of qemu join a cluster, run pods and leave (`make real` prepares it)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return real.Tell(cmd.Context(), real.Options{
				BinDir: p.bin, Kubeadm: filepath.Join(image, "kubeadm"), Image: image, Dir: filepath.Join(p.dir, "real", "run"), Only: only, Out: cmd.OutOrStdout(),
			})
		},
	}
	cmd.Flags().StringVar(&image, "image", "", "directory of the guests' disk, kernel and kubeadm")
	cmd.Flags().StringVar(&only, "only", "", "one of plain, rough and agent (default: all, one after the other)")
	_ = cmd.MarkFlagRequired("image")
	return cmd
}
