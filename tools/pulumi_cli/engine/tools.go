//go:build tools

// Package tools pins the Pulumi CLI for where its official archive cannot be downloaded.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
