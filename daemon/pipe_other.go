//go:build !unix

package daemon

// ignoreBrokenPipe does nothing: there are no signals.
func ignoreBrokenPipe() {}
