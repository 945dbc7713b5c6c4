package credential

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// A credential is one line: the fields below, with dots between them. All but the first two are DER in base64 for URLs.
//
//	mirai1
//	the name that the host's certificate must have; empty: that of the address
//	the key, PKCS #8
//	the certificate
//	the authorities that the daemon trusts, any number; none: those of its system
const magic = "mirai1"

func format(name string, key, cert []byte, roots [][]byte) string {
	fields := []string{magic, name}
	for _, der := range append([][]byte{key, cert}, roots...) {
		fields = append(fields, base64.RawURLEncoding.EncodeToString(der))
	}
	return strings.Join(fields, ".")
}

// Client is the daemon's side of TLS: it reads what Issue gave, or PEM text with a certificate, its chain, its key, and
// the authority to trust (the system's when there is none in the text).
func Client(text string) (*tls.Config, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, errors.New("credential: it is empty: give the text that the host issued")
	case strings.Contains(text, pemMark):
		return clientPEM(text)
	}
	fields := strings.Split(text, ".")
	if fields[0] != magic {
		return nil, fmt.Errorf("credential: it begins with %q: give the text that the host issued (%s...), or PEM", shorten(fields[0]), magic)
	}
	if len(fields) < 4 {
		return nil, errors.New("credential: it is cut off: copy all of the line that the host issued")
	}
	parts := make([][]byte, len(fields))
	for i, f := range fields[2:] {
		var err error
		if parts[i], err = base64.RawURLEncoding.DecodeString(f); err != nil {
			return nil, fmt.Errorf("credential: its field %d is damaged: copy all of the line that the host issued (%w)", i+3, err)
		}
	}
	return client(fields[1], parts[0], parts[1], parts[2:len(fields)-2])
}

func client(name string, keyDER, certDER []byte, roots [][]byte) (*tls.Config, error) {
	key, err := parseKey(keyDER)
	if err != nil {
		return nil, fmt.Errorf("credential: its key is damaged: copy all of the line that the host issued (%w)", err)
	}
	cfg := clientConfig(tls.Certificate{Certificate: [][]byte{certDER}, PrivateKey: key})
	cfg.ServerName = name
	for _, der := range roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("credential: its authority is damaged: copy all of the line that the host issued (%w)", err)
		}
		trust(cfg, root)
	}
	if err := check(cfg.Certificates[0], "the credential"); err != nil {
		return nil, err
	}
	return cfg, nil
}

func clientPEM(text string) (*tls.Config, error) {
	cert, roots, err := readPair(Files{Cert: text, Key: text}, "the credential")
	if err != nil {
		return nil, err
	}
	cfg := clientConfig(cert)
	for _, root := range roots {
		trust(cfg, root)
	}
	return cfg, nil
}

func clientConfig(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}
}

func trust(cfg *tls.Config, root *x509.Certificate) {
	if cfg.RootCAs == nil {
		cfg.RootCAs = x509.NewCertPool()
	}
	cfg.RootCAs.AddCert(root)
}

// shorten keeps what is no credential, and may be a secret of another kind, out of messages.
func shorten(s string) string { return s[:min(len(s), 6)] }
