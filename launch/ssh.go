package launch

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SSH starts daemons on other machines by the system's ssh, so that its configuration, agent and jump hosts count. Nobody
// is asked for a password. Each connection lasts as long as its daemons.
type SSH struct {
	// Hosts are the machines: ssh://[user@]host[:port], or a name of the ssh configuration. Daemons are spread over them:
	// one on each, or any number on a single one.
	Hosts []string
	// Tunnel has the daemons reach the host through the connection. The profile must listen at 127.0.0.1; the same port is
	// used on the other side.
	Tunnel bool
	// Timeout bounds connecting, in whole seconds. Defaults to 10 s.
	Timeout time.Duration
	// Options are further arguments of ssh: {"-J", "gate"}, {"-i", "key"}.
	Options []string
	// Command is the ssh to use. Defaults to "ssh".
	Command string
	// Program becomes the daemon: the path of mirai there, or of a Go program that calls daemon.Main first. Defaults to mirai.
	Program string
	// Start is how long a daemon may take to connect. Defaults to a minute.
	Start time.Duration
}

// Jobs says how n daemons are started; 0 means one on each host.
func (c SSH) Jobs(n int, url string) ([]Job, error) {
	if len(c.Hosts) == 0 {
		return nil, fmt.Errorf("launch: ssh needs a host: ssh://user@host:port, for instance")
	}
	n, err := perHost(n, len(c.Hosts))
	if err != nil {
		return nil, err
	}
	var order []string // one connection for each place: a tunnel's port can be had only once
	daemons := map[string]int{}
	for i := range n {
		host := c.Hosts[i%len(c.Hosts)]
		if daemons[host] == 0 {
			order = append(order, host)
		}
		daemons[host]++
	}
	var jobs []Job
	for _, host := range order {
		args, err := c.args(host, url)
		if err != nil {
			return nil, err
		}
		args = append(args, several(c.Program, daemons[host]))
		jobs = append(jobs, job(daemons[host], orElse(c.Start, startSoon), func(s Settings) command { return command{args, s.feed()} }))
	}
	return jobs, nil
}

// args are the arguments of ssh up to the command that it is to run.
func (c SSH) args(host, listens string) ([]string, error) {
	to, port, err := destination(host)
	if err != nil {
		return nil, err
	}
	name := c.Command
	if name == "" {
		name = "ssh"
	}
	seconds := max(1, int(orElse(c.Timeout, 10*time.Second)/time.Second))
	args := []string{name, "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=" + strconv.Itoa(seconds)}
	if port != "" {
		args = append(args, "-p", port)
	}
	if c.Tunnel {
		forward, err := reverse(listens)
		if err != nil {
			return nil, err
		}
		args = append(args, "-o", "ExitOnForwardFailure=yes", "-R", forward)
	}
	return append(append(args, c.Options...), "--", to), nil
}

// destination takes an address apart: [user@]host, and the port where one is given.
func destination(host string) (to, port string, err error) {
	text := host
	if !strings.Contains(text, "://") {
		text = "ssh://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "ssh" || u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-") || u.Path != "" {
		return "", "", fmt.Errorf("launch: %q is no address for ssh: write ssh://[user@]host[:port]", host)
	}
	to = u.Hostname()
	if name := u.User.Username(); name != "" {
		to = name + "@" + to
	}
	return to, u.Port(), nil
}

// reverse is the forwarding of a tunnel: the same port on both sides.
func reverse(listens string) (string, error) {
	u, err := url.Parse(listens)
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil || host != "127.0.0.1" {
		return "", fmt.Errorf("launch: a tunnel needs a profile that listens at 127.0.0.1, this one is at %s: set it with the url tcp://127.0.0.1:0", listens)
	}
	return port + ":127.0.0.1:" + port, nil
}

// several is the shell's command for so many daemons that are fed the same. It ends when all have, with the status of one
// that failed.
func several(program string, n int) string {
	one := shell(fed(program))
	if n == 1 {
		return one
	}
	return "sh -c " + Quote(fmt.Sprintf(`s=$(cat); i=0; p=; r=0; while [ $i -lt %d ]; do printf "%%s\n" "$s" | %s & p="$p $!"; i=$((i+1)); done; for i in $p; do wait $i || r=$?; done; exit $r`, n, one))
}
