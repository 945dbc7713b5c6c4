//go:build !otel

package main

import (
	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
)

// watchHost gives nothing: traces and metrics are linked with the build tag otel only, see docs/telemetry.md.
func watchHost() (watch []eval.Watch, end func()) { return nil, func() {} }

// watchDaemon gives nothing, as watchHost.
func watchDaemon() daemon.Watch { return nil }
