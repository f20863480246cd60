//go:build tools

// Package tools pins the Python language host for where the official archive cannot be downloaded.
// sdk/v3 v3.78.0 is the last version of that module which still contains the host.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
