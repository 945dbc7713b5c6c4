package sp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Host is what other machines may call this one.
type Host struct {
	Interface string // that has the address; "" for a name
	Address   string // IPv4, IPv6 without brackets, or a name
}

// URL is the host with a scheme and a port; port 0 is for Listen, which picks one.
func (h Host) URL(scheme string, port int) string {
	return scheme + "://" + net.JoinHostPort(h.Address, strconv.Itoa(port))
}

// Hosts gives this machine's network interfaces that are up and have an address that is not of this machine or this
// cable only, each with one address; the host's name when there is none. The first is the one that remotes most likely
// reach: the address from which this machine itself sends by its default route, by IPv4 before IPv6. The others follow in
// the system's order, with their first IPv4 address or else their first IPv6 address.
func Hosts() ([]Host, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("sp: cannot list the network interfaces: %w", err)
	}
	var cards []card
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		c := card{name: i.Name}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				c.addrs = append(c.addrs, p.Addr())
			}
		}
		cards = append(cards, c)
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("sp: this machine has no name: %w", err)
	}
	return hosts(cards, routes(), name), nil
}

// FindHost gives the host that choice stands for: "" the first of Hosts, the name of an interface, a network such as
// 10.0.0.0/8 that an interface is in, or any address or name that remotes know this machine by. ctx bounds looking up a
// name, which takes 5 s at most.
func FindHost(ctx context.Context, choice string) (Host, error) {
	all, err := Hosts()
	if err != nil {
		return Host{}, err
	}
	if h, ok := choose(all, choice); ok {
		return h, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, network := netip.ParsePrefix(choice); network != nil {
		if _, err = net.DefaultResolver.LookupHost(ctx, choice); err == nil {
			return Host{Address: choice}, nil
		}
	}
	var have []string
	for _, h := range all {
		have = append(have, strings.TrimSpace(h.Interface+" "+h.Address))
	}
	return Host{}, fmt.Errorf("sp: %q is no interface, network, address or name of this machine: it has %s", choice, strings.Join(have, ", "))
}

// card is a network interface.
type card struct {
	name  string
	addrs []netip.Addr
}

func hosts(cards []card, routes []netip.Addr, name string) []Host {
	var all []Host
	rank := map[string]int{}
	for _, c := range cards {
		addrs := slices.DeleteFunc(slices.Clone(c.addrs), func(a netip.Addr) bool { return !a.IsGlobalUnicast() })
		if len(addrs) == 0 {
			continue
		}
		slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return order(a, routes) - order(b, routes) })
		rank[c.name] = min(order(addrs[0], routes), len(routes)) // IPv4 counts only within an interface
		all = append(all, Host{Interface: c.name, Address: addrs[0].Unmap().String()})
	}
	if len(all) == 0 {
		return []Host{{Address: name}}
	}
	slices.SortStableFunc(all, func(a, b Host) int { return rank[a.Interface] - rank[b.Interface] })
	return all
}

// order is the place of an address: those that default routes begin at, then IPv4, then IPv6.
func order(a netip.Addr, routes []netip.Addr) int {
	if i := slices.Index(routes, a.Unmap()); i >= 0 {
		return i
	}
	if a.Unmap().Is4() {
		return len(routes)
	}
	return len(routes) + 1
}

// choose finds what needs no look-up.
func choose(all []Host, choice string) (Host, bool) {
	if choice == "" {
		return all[0], true
	}
	if a, err := netip.ParseAddr(strings.Trim(choice, "[]")); err == nil {
		return Host{Address: a.String()}, true
	}
	network, err := netip.ParsePrefix(choice)
	for _, h := range all {
		a, _ := netip.ParseAddr(h.Address)
		if h.Interface == choice && choice != "" || err == nil && network.Contains(a) {
			return h, true
		}
	}
	return Host{}, false
}

// routes gives the addresses from which this machine sends to others far away. Connecting UDP sends nothing.
func routes() (from []netip.Addr) {
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} { // documentation's
		conn, err := net.Dial("udp", far)
		if err != nil {
			continue // no such route
		}
		from = append(from, conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap())
		conn.Close()
	}
	return from
}
