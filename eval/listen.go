package eval

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/mojukapu/mirai/internal/credential"
	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// TLS is how a profile proves to its daemons who it is, and they to it, over tls+tcp and wss. Its zero value, and nil, stand
// for one-time certificates, which the profile makes and gives to the daemons that it launches.
type TLS struct {
	// None listens without TLS, also where other machines can connect: whoever is on the way reads and changes everything.
	None bool
	// Cert is a certificate of one's own with its chain, a PEM file or PEM text. Defaults to a one-time one.
	Cert string
	// Key is its key, a file or text. Defaults to the one in Cert.
	Key string
	// CA is an authority whose certificates daemons may show instead of what they were given: a file or text.
	CA string
	// Password opens an encrypted key. Nil: there is none.
	Password func() (string, error)
}

// secure are the schemes with TLS, in place of those without.
var secure = map[string]string{"tcp": "tls+tcp", "ws": "wss"}

// listening is where the daemons of a profile connect.
type listening struct {
	url       string
	unlink    func()                // removes what the address needs, a folder for instance
	authority *credential.Authority // nil: without TLS
	token     string                // that lets in whoever has it; "": none
}

// listening says where the profile listens, and makes what it needs for that.
func (c Config) listening() (listening, error) {
	if c.URL != "" {
		at := listening{url: c.URL, unlink: func() {}}
		kept, err := c.kept()
		if err != nil {
			return at, err
		}
		if at.token = c.Token; kept != nil {
			at.token = kept.Token
		}
		if scheme, _, _ := strings.Cut(c.URL, "://"); scheme == "tls+tcp" || scheme == "wss" {
			if at.authority, err = c.authority(kept); err != nil {
				err = fmt.Errorf("eval: tls: %w", err)
			}
		}
		return at, err
	}
	if c.InProcess != nil {
		return listening{url: "inproc://mirai-" + newToken(), unlink: func() {}}, nil
	}
	url, unlink, err := sp.LocalURL()
	return listening{url: url, unlink: unlink}, err
}

func (c Config) authority(kept *credential.Kept) (*credential.Authority, error) {
	if c.TLS == nil || c.TLS.Cert == "" {
		return kept.New(host(c.URL))
	}
	return kept.Load(credential.Files{Cert: c.TLS.Cert, Key: c.TLS.Key, CA: c.TLS.CA, Password: c.TLS.Password})
}

// server is the listener's side of TLS, nil without it.
func (a listening) server() *tls.Config {
	if a.authority == nil {
		return nil
	}
	return a.authority.Server()
}

// located is the configuration with an address where daemons that are launched elsewhere find it, if it has none.
func (c Config) located() (Config, error) {
	switch by, _ := c.Launcher.(launch.SSH); {
	case c.URL != "" || c.Launcher == nil || c.Sync:
		return c, nil
	case by.Tunnel:
		c.URL = "tcp://127.0.0.1:0"
		return c, nil
	}
	h, err := sp.FindHost(context.Background(), "") // no name is looked up
	c.URL = h.URL("tls+tcp", 0)
	return c, err
}

// validURL tells what keeps the profile from listening at its URL.
func (c Config) validURL() error {
	if c.URL == "" {
		return nil
	}
	scheme, _, ok := strings.Cut(c.URL, "://")
	switch {
	case c.Sync:
		return fmt.Errorf("eval: a profile that evaluates tasks inside the call listens nowhere: leave out the url %s, or sync", c.URL)
	case !ok:
		return fmt.Errorf("eval: the url is %q: write tcp://HOST:PORT, tls+tcp://, ws://, wss://, ipc://PATH or abstract://NAME; port 0 is any free one", c.URL)
	case c.plain() && (scheme == "tls+tcp" || scheme == "wss"):
		return fmt.Errorf("eval: %s is an address with TLS, and tls says that there is none: write %s%s, or leave out tls",
			c.URL, map[string]string{"tls+tcp": "tcp", "wss": "ws"}[scheme], strings.TrimPrefix(c.URL, scheme))
	case scheme == "inproc" && c.InProcess == nil && (c.Daemons > 0 || c.Launcher != nil):
		return fmt.Errorf("eval: no other process can reach %s: leave it out, or run daemons in this process", c.URL)
	case secure[scheme] != "" && !c.plain() && !loopback(c.URL):
		return fmt.Errorf("eval: other machines can reach %s, and without TLS everything can be read and changed on the way: write %s%s, or say tls: false",
			c.URL, secure[scheme], strings.TrimPrefix(c.URL, scheme))
	}
	return nil
}

// validTLS tells when a certificate of one's own would not be used.
func (c Config) validTLS() error {
	scheme, _, _ := strings.Cut(c.URL, "://")
	switch t := c.TLS; {
	case t == nil || t.Cert == "" && t.Key == "" && t.CA == "":
	case c.URL == "" && c.Launcher != nil: // it will have an address with TLS
	case scheme != "tls+tcp" && scheme != "wss":
		return errors.New("eval: tls gives a certificate, and the profile listens without TLS: give a url, tls+tcp://HOST:PORT or wss://HOST:PORT/PATH, or leave out tls")
	case t.Cert == "":
		return errors.New("eval: tls gives key or ca, which belong to a certificate of your own: give cert too")
	}
	return nil
}

func (c Config) plain() bool { return c.TLS != nil && c.TLS.None }

// host takes the host out of an address, without the nanomsg family's * for every interface.
func host(address string) string {
	u, err := url.Parse(strings.Replace(address, "://*", "://", 1))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// loopback tells whether an address can be reached from this machine alone.
func loopback(address string) bool {
	h := host(address)
	ip := net.ParseIP(h)
	return h == "localhost" || ip != nil && ip.IsLoopback()
}

// dialed is the address for daemons here, or elsewhere, that are to connect: the host as it was given, since a certificate
// may name it, and the real port.
func (p *Profile) dialed(elsewhere bool) string {
	address := p.d.URL()
	u, err := url.Parse(address)
	if err != nil || u.Port() == "" {
		return address
	}
	given := host(p.cfg.URL)
	switch ip := net.ParseIP(given); {
	case given != "" && (ip == nil || !ip.IsUnspecified()):
		u.Host = net.JoinHostPort(given, u.Port())
	case !elsewhere:
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	default: // every interface
		h, err := sp.FindHost(context.Background(), "") // no name is looked up
		if err != nil {
			return address
		}
		u.Host = net.JoinHostPort(h.Address, u.Port())
	}
	return u.String()
}

// reachable tells what keeps daemons that are launched elsewhere from the profile.
func (p *Profile) reachable(by Launcher) error {
	_, command := by.(launch.Remote) // it may well run here
	if p.cfg.URL == "" && !command || strings.HasPrefix(p.d.URL(), "inproc:") {
		return fmt.Errorf("eval: daemons elsewhere cannot reach the profile %q at %s: set it with a url, that of mirai.hostUrl() for instance", p.cfg.Name, p.d.URL())
	}
	return nil
}

// told is what the daemons of a launch are told.
func (p *Profile) told(l *launched, elsewhere bool) (launch.Settings, error) {
	s := l.settings
	s.URL, s.Token = p.dialed(elsewhere), l.token
	if p.at.authority == nil {
		return s, nil
	}
	var err error
	if s.Credential, err = p.at.authority.Issue("a daemon of " + p.cfg.Name); err != nil {
		err = fmt.Errorf("eval: tls: %w", err)
	}
	return s, err
}

// listening reads where a profile listens, and who starts its daemons.
func (o *options) listening(cfg *Config) {
	o.staying(cfg)
	if url := o.text("url"); url != "" {
		cfg.URL = url
	}
	if by := o.remote(); by != nil {
		cfg.Launcher = by
	}
	switch v := o.value("tls").(type) {
	case nil:
	case bool:
		cfg.TLS = &TLS{None: !v}
	case string:
		cfg.TLS = &TLS{Cert: v}
	case *lang.Record:
		in := &options{of: o.of + ": the option tls", record: v}
		cfg.TLS = &TLS{Cert: in.text("cert"), Key: in.text("key"), CA: in.text("ca")}
		if password := in.text("password"); password != "" {
			cfg.TLS.Password = func() (string, error) { return password, nil }
		}
		if err := in.done(); err != nil && o.err == nil {
			o.err = err
		}
	default:
		o.wrong("tls", "false, a PEM file or {cert, key, ca, password}", v)
	}
}

// localURL is mirai.localUrl({tcp, port}): an address that this machine alone can reach.
func localURL(c *lang.Call) (any, error) {
	record, err := c.Record(0)
	if err != nil {
		return nil, err
	}
	o := &options{of: "localUrl", record: record}
	tcp, port := o.flag("tcp"), o.count("port")
	if err := o.done(); err != nil {
		return nil, err
	}
	if tcp || port > 0 {
		return fmt.Sprintf("tcp://127.0.0.1:%d", port), nil
	}
	url, _, err := sp.LocalURL()
	return url, err
}

// hostURL is mirai.hostUrl({tls, port, host, all}): the address that other machines most likely reach, or all, by interface.
func hostURL(c *lang.Call) (any, error) {
	record, err := c.Record(0)
	if err != nil {
		return nil, err
	}
	o := &options{of: "hostUrl", record: record}
	scheme, port, choice, all := "tls+tcp", o.count("port"), o.text("host"), o.flag("all")
	if !o.unless("tls") {
		scheme = "tcp"
	}
	if err := o.done(); err != nil {
		return nil, err
	}
	if !all {
		h, err := sp.FindHost(c.Context, choice)
		return h.URL(scheme, port), err
	}
	hosts, err := sp.Hosts()
	r := &lang.Record{}
	for _, h := range hosts {
		r.Set(cmp.Or(h.Interface, h.Address), h.URL(scheme, port))
	}
	return r, err
}
