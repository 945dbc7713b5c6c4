// Package credential makes sure that host and daemons are who they say, both ways, over TLS 1.3.
//
// New makes an Authority for one profile: an authority in memory only, which signs one certificate for the host and
// one for each credential it issues. Load makes one around a certificate of the user's own. Server is the host's side of
// TLS; Issue gives a daemon's side as one line of text, which Client reads. Whoever has that text can connect as the
// daemon: it travels in environments, files and standard input, never in arguments.
//
//	credential.go  Authority
//	client.go      the text, and the daemon's side
//	files.go       certificates of the user's own, in PEM
//	keep.go        what outlives the process
package credential

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"strings"
	"time"
)

// Authority says who may connect to one host. It never leaves the process that made it, unless it is Kept.
type Authority struct {
	key     *ecdsa.PrivateKey
	cert    *x509.Certificate
	server  tls.Certificate
	clients *x509.CertPool // who signs the certificates of daemons
	name    string         // that daemons look for in the host's certificate; "": the one they dial
	roots   [][]byte       // that daemons trust; none: those of their system
}

// New makes an authority that lasts as long as the process, with a certificate for a host that is reached under the
// given names and addresses. Daemons with a credential do not look at these: they know the host by the authority, so
// that tunnels and forwarded ports work. Only strangers to Issue need them.
func New(hosts ...string) (*Authority, error) { return (*Kept)(nil).New(hosts...) }

// New is New with the authority that is kept, where one is.
func (k *Kept) New(hosts ...string) (*Authority, error) {
	a, err := k.authority()
	if err != nil {
		return nil, err
	}
	a.name = a.cert.Subject.CommonName
	a.roots = [][]byte{a.cert.Raw}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	t := leaf(a.name, x509.ExtKeyUsageServerAuth)
	name(t, append([]string{a.name, "localhost", "127.0.0.1", "::1"}, hosts...))
	cert, err := a.sign(t, key)
	a.server = tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key}
	return a, err
}

func newAuthority() (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	t := template("mirai-" + strings.ToLower(rand.Text()))
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	t.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	a := &Authority{key: key, cert: cert, clients: x509.NewCertPool()}
	a.clients.AddCert(cert)
	return a, nil
}

// Server is the host's side of TLS: it shows the host's certificate and wants one that the authority issued.
func (a *Authority) Server() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{a.server},
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              a.clients,
		SessionTicketsDisabled: true, // daemons connect once
	}
}

// Issue gives a new credential, for Client: one line of letters, digits, dots, dashes and underscores, about 1.5 kB.
// name says in the logs whose it is.
func (a *Authority) Issue(name string) (string, error) {
	key, err := newKey()
	if err != nil {
		return "", err
	}
	cert, err := a.sign(leaf(name, x509.ExtKeyUsageClientAuth), key)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("credential: %w", err)
	}
	return format(a.name, der, cert, a.roots), nil
}

func (a *Authority) sign(t *x509.Certificate, key crypto.Signer) ([]byte, error) {
	cert, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	return cert, nil
}

// newKey makes a key that every TLS library knows, and that costs little to make.
func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	return key, nil
}

// The authority ends with its process, which is what ends its certificates; the dates only leave room for clocks that
// are wrong.
const (
	early = 24 * time.Hour
	late  = 10 * 365 * 24 * time.Hour
)

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-early), NotAfter: now.Add(late)}
}

func leaf(name string, use x509.ExtKeyUsage) *x509.Certificate {
	t := template(name)
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{use}
	return t
}

// name enters what a host is called; addresses that mean every interface name nothing.
func name(t *x509.Certificate, hosts []string) {
	for _, h := range hosts {
		h = strings.Trim(h, "[]")
		h, _, _ = strings.Cut(h, "%") // the zone of a link-local address
		switch ip := net.ParseIP(h); {
		case ip != nil && ip.IsUnspecified(), h == "", h == "*":
		case ip != nil:
			t.IPAddresses = append(t.IPAddresses, ip)
		default:
			t.DNSNames = append(t.DNSNames, h)
		}
	}
}
