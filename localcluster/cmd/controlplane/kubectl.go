package main

import (
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubeconfigs with exec or OIDC users
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func kubectl(args []string) int {
	// The command's construction already logs (plug-ins, kuberc), before flags are parsed.
	if _, err := logs.GlogSetter(cmd.GetLogVerbosity(args)); err != nil {
		util.CheckErr(err)
	}
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
	return 0
}
