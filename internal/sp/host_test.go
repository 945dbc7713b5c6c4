package sp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func addrs(text string) (all []netip.Addr) {
	for _, s := range strings.Fields(text) {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

func TestHosts(t *testing.T) {
	lo := card{"lo", addrs("127.0.0.1 ::1")}
	docker := card{"docker0", addrs("172.17.0.1")}
	eth := card{"eth0", addrs("fe80::1 2001:db8::5 2001:db8::6 10.0.0.5 10.0.0.6")}
	wlan := card{"wlan0", addrs("fe80::2 192.168.1.2")}
	v6 := card{"wg0", addrs("fd00::7")}
	for _, c := range []struct {
		name   string
		cards  []card
		routes string
		want   string
	}{
		{"default route first", []card{lo, docker, wlan, eth}, "10.0.0.6 2001:db8::6", "eth0 10.0.0.6, docker0 172.17.0.1, wlan0 192.168.1.2"},
		{"IPv4's before IPv6's", []card{eth, wlan, docker}, "192.168.1.2 2001:db8::6", "wlan0 192.168.1.2, eth0 2001:db8::6, docker0 172.17.0.1"},
		{"no route", []card{lo, docker, v6, eth}, "", "docker0 172.17.0.1, wg0 fd00::7, eth0 10.0.0.5"},
		{"IPv6 only", []card{lo, v6}, "fd00::7", "wg0 fd00::7"},
		{"IPv4 in IPv6", []card{{"e", addrs("::ffff:10.1.1.1")}}, "10.1.1.1", "e 10.1.1.1"},
		{"this cable only", []card{lo, {"eth0", addrs("fe80::1 169.254.3.4")}}, "", " head.example"},
		{"none", nil, "", " head.example"},
	} {
		var got []string
		for _, h := range hosts(c.cards, addrs(c.routes), "head.example") {
			got = append(got, h.Interface+" "+h.Address)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestChooseHost(t *testing.T) {
	all := hosts([]card{{"eth0", addrs("10.0.0.5")}, {"wg0", addrs("fd00::7")}}, nil, "head")
	for choice, want := range map[string]string{
		"": "tls+tcp://10.0.0.5:0", "eth0": "tls+tcp://10.0.0.5:0", "wg0": "tls+tcp://[fd00::7]:0", "fd00::/8": "tls+tcp://[fd00::7]:0",
		"10.0.0.0/8": "tls+tcp://10.0.0.5:0", "203.0.113.9": "tls+tcp://203.0.113.9:0", "[2001:db8::1]": "tls+tcp://[2001:db8::1]:0",
		"eth1": "", "192.168.0.0/16": "",
	} {
		h, ok := choose(all, choice)
		if got := h.URL("tls+tcp", 0); ok != (want != "") || ok && got != want {
			t.Errorf("%q gives %s, %v, want %q", choice, got, ok, want)
		}
	}
}

// What this machine itself has is an address to listen at, and found by its name again.
func TestFindHost(t *testing.T) {
	all, err := Hosts()
	if err != nil || len(all) == 0 {
		t.Fatalf("Hosts() = %v, %v", all, err)
	}
	for _, h := range all {
		if h.Interface == "" {
			t.Skipf("this machine has no network, only a name: %s", h.Address)
		}
		found, err := FindHost(t.Context(), h.Interface)
		if found != h || err != nil {
			t.Errorf("FindHost(%q) = %v, %v, want %v", h.Interface, found, err, h)
		}
	}
	first, err := FindHost(t.Context(), "")
	if first != all[0] || err != nil {
		t.Errorf("FindHost of nothing = %v, %v, want %v", first, err, all[0])
	}
	s, err := Listen(first.URL("tcp", 0), Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if name, err := FindHost(t.Context(), "localhost"); name.Address != "localhost" || err != nil {
		t.Errorf("FindHost of a name = %v, %v", name, err)
	}
	for _, wrong := range []string{"203.0.113.0/24", "no-such-interface.invalid"} {
		if h, err := FindHost(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), all[0].Interface) || slices.Contains(all, h) {
			t.Errorf("FindHost(%q) = %v, %v, want an error that says what there is", wrong, h, err)
		}
	}
}
