package credential

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// meet has a client and a server shake hands; it gives what each says.
func meet(t *testing.T, server, client *tls.Config) (serverErr, clientErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			_, err = tls.Server(conn, server).Write([]byte("x"))
		}
		done <- err
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if client.ServerName == "" {
		client.ServerName = "127.0.0.1"
	}
	_, clientErr = io.ReadFull(tls.Client(conn, client), make([]byte, 1)) // with TLS 1.3 a client learns only here that it is refused
	conn.Close()
	return <-done, clientErr
}

func authority(t *testing.T, hosts ...string) *Authority {
	t.Helper()
	a, err := New(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issued(t *testing.T, a *Authority) string {
	t.Helper()
	text, err := a.Issue("daemon-1")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func daemonSide(t *testing.T, text string) *tls.Config {
	t.Helper()
	cfg, err := Client(text)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestIssued(t *testing.T) {
	a, b := authority(t, "cluster.example", "192.0.2.7"), authority(t)
	text := issued(t, a)
	if strings.ContainsAny(text, "\n \t'\"$") || len(text) > 2500 {
		t.Errorf("the credential does not fit on a line, or in an environment: %d bytes: %s", len(text), text)
	}
	if s, c := meet(t, a.Server(), daemonSide(t, text)); s != nil || c != nil {
		t.Errorf("host and daemon of one authority: %v, %v", s, c)
	}
	if _, c := meet(t, b.Server(), daemonSide(t, text)); c == nil || !strings.Contains(c.Error(), "failed to verify") {
		t.Errorf("another host: %v, want that it is not trusted", c)
	}
	nobody := daemonSide(t, text)
	nobody.Certificates = nil
	if s, c := meet(t, a.Server(), nobody); s == nil || c == nil || !strings.Contains(c.Error(), "certificate required") {
		t.Errorf("a client without a certificate: %v, %v", s, c)
	}
	other := daemonSide(t, text)
	other.Certificates = daemonSide(t, issued(t, b)).Certificates
	if s, c := meet(t, a.Server(), other); s == nil || c == nil {
		t.Errorf("a client of another authority: %v, %v", s, c)
	}
	old := daemonSide(t, text)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if s, c := meet(t, a.Server(), old); s == nil || c == nil {
		t.Errorf("TLS 1.2: %v, %v", s, c)
	}
}

// A daemon's credential does not make it a host.
func TestDaemonIsNoHost(t *testing.T) {
	a := authority(t)
	cfg := daemonSide(t, issued(t, a))
	if _, c := meet(t, &tls.Config{Certificates: cfg.Certificates}, daemonSide(t, issued(t, a))); c == nil {
		t.Error("a daemon took another one for its host")
	}
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNamesOfHost(t *testing.T) {
	cert := authority(t, "cluster.example", "192.0.2.7", "[2001:db8::1]", "0.0.0.0", "*", "").server.Certificate[0]
	for name, want := range map[string]bool{"cluster.example": true, "192.0.2.7": true, "2001:db8::1": true, "localhost": true, "127.0.0.1": true, "0.0.0.0": false, "example.org": false} {
		if err := parse(t, cert).VerifyHostname(name); (err == nil) != want {
			t.Errorf("the certificate is for %s: %v, want %v", name, err, want)
		}
	}
}

func TestWrongCredentials(t *testing.T) {
	text := issued(t, authority(t))
	fields := strings.Split(text, ".")
	for _, c := range []struct{ text, want string }{
		{"", "it is empty"},
		{"secret-password", `begins with "secret"`},
		{text[:60], "cut off"},
		{strings.Join(fields[:4], "."), ""}, // the system's authorities
		{text[:len(text)-20], "its authority is damaged"},
		{strings.Replace(text, fields[2], "!", 1), "field 3 is damaged"},
		{strings.Replace(text, fields[2], "AAAA", 1), "its key is damaged"},
		{strings.Replace(text, fields[3], fields[4], 1), "the key does not belong to the certificate"},
		{" " + text + "\n", ""},
	} {
		_, err := Client(c.text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("Client(%.30q...) = %v, want %q", c.text, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "password") {
			t.Errorf("the message %q gives away what was in the credential", err)
		}
	}
}

// openssl makes what users have.
func openssl(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %q: %v\n%s", args, err, out)
	}
}

// own makes an authority, and certificates for a host and a daemon, as users make them.
func own(t *testing.T) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir = t.TempDir()
	openssl(t, dir, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=our own", "-days", "2")
	for who, ext := range map[string]string{"host": "subjectAltName=IP:127.0.0.1,DNS:host.example", "daemon": "extendedKeyUsage=clientAuth"} {
		openssl(t, dir, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", who+".key", "-out", who+".csr", "-subj", "/CN="+who)
		if err := os.WriteFile(filepath.Join(dir, who+".ext"), []byte(ext), 0o600); err != nil {
			t.Fatal(err)
		}
		openssl(t, dir, "x509", "-req", "-in", who+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", who+".pem", "-days", "2", "-extfile", who+".ext")
	}
	openssl(t, dir, "pkcs8", "-topk8", "-in", "host.key", "-out", "secret.key", "-passout", "pass:open sesame")
	openssl(t, dir, "rsa", "-aes128", "-traditional", "-in", "host.key", "-out", "legacy.key", "-passout", "pass:open sesame")
	openssl(t, dir, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key", "-out", "self.pem", "-subj", "/CN=self", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
	return dir
}

func text(t *testing.T, dir string, names ...string) string {
	t.Helper()
	var all strings.Builder
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

func TestOwnCertificates(t *testing.T) {
	dir := own(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	sesame := func() (string, error) { return "open sesame", nil }
	for name, f := range map[string]Files{
		"files":         {Cert: in("host.pem"), Key: in("host.key"), CA: in("ca.pem")},
		"encrypted key": {Cert: in("host.pem"), Key: in("secret.key"), CA: in("ca.pem"), Password: sesame},
		"text":          {Cert: text(t, dir, "host.pem", "ca.pem"), Key: text(t, dir, "host.key")},
		"one text":      {Cert: text(t, dir, "host.key", "host.pem", "ca.pem"), CA: in("ca.pem")},
		"self-signed":   {Cert: in("self.pem"), Key: in("self.key")},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Load(f)
			if err != nil {
				t.Fatal(err)
			}
			if s, c := meet(t, a.Server(), daemonSide(t, issued(t, a))); s != nil || c != nil {
				t.Errorf("a daemon with an issued credential: %v, %v", s, c)
			}
			elsewhere := daemonSide(t, issued(t, a))
			elsewhere.ServerName = "other.example"
			if _, c := meet(t, a.Server(), elsewhere); c == nil {
				t.Error("the name of the host was not looked at")
			}
			if f.CA == "" {
				return
			}
			if s, c := meet(t, a.Server(), daemonSide(t, text(t, dir, "daemon.pem", "daemon.key", "ca.pem"))); s != nil || c != nil {
				t.Errorf("a daemon with a certificate of its own: %v, %v", s, c)
			}
		})
	}
}

func TestWrongFiles(t *testing.T) {
	dir := own(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		name string
		f    Files
		want []string
	}{
		{"nothing", Files{}, []string{"the certificate is missing", "PEM"}},
		{"no such file", Files{Cert: in("none.pem")}, []string{"cannot read the certificate", in("none.pem"), "no such file"}},
		{"no certificate", Files{Cert: in("host.key")}, []string{in("host.key"), "no certificate", "BEGIN CERTIFICATE"}},
		{"no key", Files{Cert: in("host.pem")}, []string{in("host.pem"), "no key", "BEGIN PRIVATE KEY"}},
		{"another's key", Files{Cert: in("host.pem"), Key: in("daemon.key")}, []string{in("host.pem"), "does not belong"}},
		{"no authority", Files{Cert: in("host.pem"), Key: in("host.key"), CA: in("host.key")}, []string{in("host.key"), "no certificate"}},
		{"no password", Files{Cert: in("host.pem"), Key: in("secret.key")}, []string{in("secret.key"), "is encrypted", "password"}},
		{"wrong password", Files{Cert: in("host.pem"), Key: in("secret.key"), Password: func() (string, error) { return "guess", nil }}, []string{in("secret.key"), "does not open"}},
		{"password fails", Files{Cert: in("host.pem"), Key: in("secret.key"), Password: func() (string, error) { return "", errors.New("nobody there") }}, []string{"nobody there"}},
		{"old encryption", Files{Cert: in("host.pem"), Key: in("legacy.key")}, []string{in("legacy.key"), "openssl pkcs8 -topk8"}},
		{"damaged", Files{Cert: strings.Replace(text(t, dir, "host.pem"), "MII", "MIJ", 1)}, []string{"the certificate", "is damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.f)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestExpired(t *testing.T) {
	a := authority(t)
	for want, at := range map[string]time.Time{"has expired on": time.Now().Add(-48 * time.Hour), "clock right": time.Now().Add(48 * time.Hour)} {
		key, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		tmpl := leaf("x", 0)
		tmpl.NotBefore, tmpl.NotAfter = at, at.Add(time.Hour)
		cert, err := a.sign(tmpl, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key}, "x.pem"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check: %v, want %q", err, want)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add("mirai1.x.AAAA.AAAA")
	f.Add("-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, text string) {
		if cfg, err := Client(text); (cfg == nil) == (err == nil) {
			t.Errorf("Client(%q) = %v, %v", text, cfg, err)
		}
	})
}
