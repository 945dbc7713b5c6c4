package telemetry

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
)

func TestServer(t *testing.T) {
	for url, want := range map[string]string{
		"tcp://10.0.0.1:5555":      "network.transport=tcp,server.address=10.0.0.1,server.port=5555",
		"tls+tcp://[::1]:5555":     "network.transport=tls+tcp,server.address=::1,server.port=5555",
		"ipc:///run/mirai/s":       "network.transport=ipc,server.address=/run/mirai/s",
		"ipc://@mirai-ABC":         "network.transport=ipc,server.address=@mirai-ABC",
		"inproc://mirai-abc":       "network.transport=inproc,server.address=mirai-abc",
		"no address\x7f, whatever": "server.address=no address\x7f\\, whatever",
	} {
		set := attribute.NewSet(server(url)...)
		if got := set.Encoded(attribute.DefaultEncoder()); got != want {
			t.Errorf("server(%q) = %s, want %s", url, got, want)
		}
	}
}
