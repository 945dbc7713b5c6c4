package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSSH runs testdata/remote/ssh_*.txtar against an sshd of its own on the loopback.
func TestSSH(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	runRemote(t, "ssh_", map[string]string{"PORT": s.start(t, "127.0.0.1"), "CONFIG": s.config, "WRONG": s.path("wrong")})
}

// TestTunnel runs testdata/remote/tunnel.txtar against an sshd in a network of its own, as another machine is: the same port
// is free on both sides.
func TestTunnel(t *testing.T) {
	t.Parallel()
	needs(t, "ip")
	if os.Getuid() != 0 {
		missing(t, "only root can make a network namespace")
	}
	s := newServer(t, "ip", "netns", "exec", namespace(t))
	runRemote(t, "tunnel", map[string]string{"HOST": "10.213.7.2", "PORT": s.start(t, "10.213.7.2"), "CONFIG": s.config, "WRONG": s.path("wrong")})
}

// namespace makes a network namespace with the address 10.213.7.2, which this machine reaches from 10.213.7.1.
func namespace(t *testing.T) string {
	name := fmt.Sprintf("mirai%d", os.Getpid())
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			missing(t, fmt.Sprintf("ip %s: %s", strings.Join(args, " "), out))
		}
	}
	run("netns", "add", name)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	link := fmt.Sprintf("m%d", os.Getpid())
	run("link", "add", link, "type", "veth", "peer", "name", "m0", "netns", name)
	run("addr", "add", "10.213.7.1/24", "dev", link)
	run("link", "set", link, "up")
	run("-n", name, "addr", "add", "10.213.7.2/24", "dev", "m0")
	run("-n", name, "link", "set", "m0", "up")
	run("-n", name, "link", "set", "lo", "up")
	return name
}

// server is an sshd with keys of its own.
type server struct {
	dir, config string
	before      []string
}

func newServer(t *testing.T, before ...string) *server {
	needs(t, "ssh", "ssh-keygen", "/usr/sbin/sshd")
	s := &server{dir: t.TempDir(), before: before}
	for _, key := range []string{"host", "right", "wrong"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", s.path(key)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if os.Getuid() == 0 {
		os.MkdirAll("/run/sshd", 0o755)
	}
	return s
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// start starts the server and writes the configuration of those who use it. It gives the port.
func (s *server) start(t *testing.T, address string) (port string) {
	port = freePort(t)
	s.write(t, "sshd_config", "Port "+port, "ListenAddress "+address, "HostKey "+s.path("host"), "AuthorizedKeysFile "+s.path("right.pub"),
		"StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PidFile none", "UsePAM no")
	s.write(t, "config", "Host *", "  IdentitiesOnly yes", "  IdentityFile "+s.path("right"), "  UserKnownHostsFile "+s.path("known"), "  StrictHostKeyChecking accept-new", "  LogLevel ERROR",
		"Host node behind", "  HostName "+address, "  Port "+port, "Host behind", "  ProxyCommand ssh -F "+s.path("config")+" -W %h:%p node")
	s.config = s.path("config")
	args := append(append([]string{}, s.before...), "/usr/sbin/sshd", "-D", "-e", "-f", s.path("sshd_config"))
	cmd := exec.Command(args[0], args[1:]...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listening on") {
			go func() {
				for lines.Scan() {
				}
			}()
			return port
		}
		t.Log(lines.Text())
	}
	t.Fatal("sshd did not start")
	return ""
}

func (s *server) write(t *testing.T, name string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
