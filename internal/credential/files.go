package credential

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/youmark/pkcs8"
)

// Files are certificates of the user's own, each as the path of a PEM file or as PEM text itself.
type Files struct {
	// Cert is the certificate, followed by the chain up to its authority.
	Cert string
	// Key is the certificate's key. Defaults to the one in Cert.
	Key string
	// CA signs the certificates of the other side. Defaults to the end of the chain when that signed itself, else to the
	// system's authorities.
	CA string
	// Password opens an encrypted key; it is called only for one. Nil: there is none.
	Password func() (string, error)
}

const pemMark = "-----BEGIN"

// Load makes an Authority whose host shows a certificate of the user's own. Daemons that were issued a credential
// connect, and those with a certificate of f.CA.
func Load(f Files) (*Authority, error) { return (*Kept)(nil).Load(f) }

// Load is Load with the authority that is kept, where one is.
func (k *Kept) Load(f Files) (*Authority, error) {
	cert, roots, err := readPair(f, "")
	if err != nil {
		return nil, err
	}
	a, err := k.authority()
	if err != nil {
		return nil, err
	}
	a.server = cert
	if f.CA != "" {
		given, err := certificates(f.CA, "the authority's certificate")
		if err != nil {
			return nil, err
		}
		for _, c := range given {
			a.clients.AddCert(c)
		}
		roots = append(roots, given...)
	}
	for _, c := range roots {
		a.roots = append(a.roots, c.Raw)
	}
	return a, nil
}

// readPair reads a certificate with its chain and key, and gives the certificates among them that signed themselves:
// what the other side may trust. what names text that has no file.
func readPair(f Files, what string) (cert tls.Certificate, roots []*x509.Certificate, err error) {
	chain, err := certificates(f.Cert, origin(what, "the certificate"))
	if err != nil {
		return cert, nil, err
	}
	for i, c := range chain {
		if i == 0 || !selfSigned(c) {
			cert.Certificate = append(cert.Certificate, c.Raw)
		}
		if selfSigned(c) {
			roots = append(roots, c)
		}
	}
	if f.Key == "" {
		f.Key = f.Cert
	}
	where := source(f.Key, origin(what, "the key"))
	if cert.PrivateKey, err = key(f.Key, where, f.Password); err != nil {
		return cert, nil, err
	}
	return cert, roots, check(cert, source(f.Cert, origin(what, "the certificate")))
}

func origin(what, otherwise string) string {
	if what != "" {
		return what
	}
	return otherwise
}

// source names PEM in messages: its file, or what it is.
func source(s, what string) string {
	if strings.Contains(s, pemMark) {
		return what
	}
	return s
}

func read(s, what string) ([]byte, error) {
	if strings.Contains(s, pemMark) {
		return []byte(s), nil
	}
	if s == "" {
		return nil, fmt.Errorf("credential: %s is missing: give the path of a PEM file, or PEM text", what)
	}
	b, err := os.ReadFile(s)
	if err != nil {
		return nil, fmt.Errorf("credential: cannot read %s: %w", what, err)
	}
	return b, nil
}

func certificates(s, what string) ([]*x509.Certificate, error) {
	rest, err := read(s, what)
	if err != nil {
		return nil, err
	}
	where := source(s, what)
	var all []*x509.Certificate
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("credential: %s: certificate %d is damaged: %w", where, len(all)+1, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("credential: %s has no certificate: it needs a block that begins with -----BEGIN CERTIFICATE-----", where)
	}
	return all, nil
}

func key(s, where string, password func() (string, error)) (crypto.PrivateKey, error) {
	rest, err := read(s, "the key")
	if err != nil {
		return nil, err
	}
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return nil, fmt.Errorf("credential: %s has no key: it needs a block that begins with -----BEGIN PRIVATE KEY-----", where)
		}
		switch {
		case b.Type == "ENCRYPTED PRIVATE KEY":
			return decrypt(b.Bytes, where, password)
		case b.Headers["DEK-Info"] != "":
			return nil, fmt.Errorf("credential: the key in %s is encrypted in a way that is no longer safe: convert it with openssl pkcs8 -topk8 -in KEY -out KEY8", where)
		case strings.HasSuffix(b.Type, "PRIVATE KEY"):
			key, err := parseKey(b.Bytes)
			if err != nil {
				return nil, fmt.Errorf("credential: the key in %s is damaged: %w", where, err)
			}
			return key, nil
		}
	}
}

func decrypt(der []byte, where string, password func() (string, error)) (crypto.PrivateKey, error) {
	if password == nil {
		return nil, fmt.Errorf("credential: the key in %s is encrypted: give its password too, or decrypt it with openssl pkey -in KEY -out PLAIN", where)
	}
	pw, err := password()
	if err != nil {
		return nil, fmt.Errorf("credential: no password for the key in %s: %w", where, err)
	}
	key, _, err := pkcs8.ParsePrivateKey(der, []byte(pw))
	if err != nil {
		return nil, fmt.Errorf("credential: the password does not open the key in %s: %w", where, err)
	}
	return key, nil
}

// parseKey reads a key in any of the forms that OpenSSL writes.
func parseKey(der []byte) (crypto.PrivateKey, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("it is neither PKCS #8, SEC 1 nor PKCS #1")
}

// check tells whether key and certificate belong together, now.
func check(cert tls.Certificate, where string) error {
	c, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return fmt.Errorf("credential: the certificate in %s is damaged: %w", where, err)
	}
	key, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return fmt.Errorf("credential: the key for %s cannot sign: make an ECDSA, Ed25519 or RSA key", where)
	}
	public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return fmt.Errorf("credential: the key does not belong to the certificate in %s: the key's certificate must be the first", where)
	}
	switch now := time.Now(); {
	case now.After(c.NotAfter):
		return fmt.Errorf("credential: the certificate in %s has expired on %s: renew it", where, c.NotAfter.Format(time.DateOnly))
	case now.Before(c.NotBefore):
		return fmt.Errorf("credential: the certificate in %s is valid from %s on: is this machine's clock right?", where, c.NotBefore.Format(time.RFC3339))
	}
	return nil
}

// selfSigned leaves aside whether the certificate may sign others: a host's only certificate need not.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
