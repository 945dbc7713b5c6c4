package credential

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// Kept is what the next host at the same address must know to be known by the daemons of this one: a token, and the
// authority that has issued their credentials. Nil keeps nothing.
type Kept struct {
	Token string
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
}

const tokenBlock = "MIRAI TOKEN"

// Keep reads the file at path, or makes it, for its owner alone.
func Keep(path string) (*Kept, error) {
	k, err := readKept(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k, err = newKept(); err != nil {
		return nil, err
	}
	text, err := k.text()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // another host was faster
		return readKept(path)
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("credential: cannot keep what the next host must know: %w", err)
	}
	return k, nil
}

func newKept() (*Kept, error) {
	a, err := (*Kept)(nil).authority()
	if err != nil {
		return nil, err
	}
	return &Kept{Token: rand.Text(), key: a.key, cert: a.cert}, nil
}

func (k *Kept) text() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: tokenBlock, Bytes: []byte(k.Token)})
	b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert.Raw})...)
	return append(b, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), nil
}

func readKept(path string) (*Kept, error) {
	st, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("credential: others may read %s, which holds secrets: chmod 600 it, or remove it if they have", path)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("credential: cannot read what was kept: %w", err)
	}
	return parseKept(b, path)
}

func parseKept(b []byte, path string) (*Kept, error) {
	k := &Kept{}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == tokenBlock {
			k.Token = string(block.Bytes)
		}
	}
	certs, err := certificates(string(b), path)
	if err == nil {
		k.cert = certs[0]
		var any any
		any, err = key(string(b), path, nil)
		k.key, _ = any.(*ecdsa.PrivateKey)
	}
	if err != nil || k.key == nil || k.Token == "" || !k.key.PublicKey.Equal(k.cert.PublicKey) {
		return nil, fmt.Errorf("credential: %s does not hold what a host keeps, whole: remove it, and the next host makes another one", path)
	}
	return k, nil
}

// authority is the kept one, or a new one.
func (k *Kept) authority() (*Authority, error) {
	if k == nil {
		return newAuthority()
	}
	a := &Authority{key: k.key, cert: k.cert, clients: x509.NewCertPool()}
	a.clients.AddCert(k.cert)
	return a, nil
}
