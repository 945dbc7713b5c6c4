package eval

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mojukapu/mirai/internal/credential"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/launch"
)

// Daemons that stay when their connection is lost come back, to this host or to the next one at the same address. This
// one knows them by the token of their launch; so that the next one does, that token begins with one that both know.

// leastToken is how many characters a token has at least that people make up.
const leastToken = 16

// validStay tells what keeps daemons that stay from finding a host.
func (c Config) validStay() error {
	switch {
	case c.URL == "" && c.Launcher == nil && c.Settings.Autoexit == launch.Never:
		return errors.New(`eval: autoexit is "never", but the profile listens at an address that nobody will use again: give a url, tcp://127.0.0.1:5555 for instance`)
	case c.URL == "" && c.Launcher == nil && (c.Token != "" || c.Keep != ""):
		return errors.New("eval: token and keep are for daemons that come back to a url: give one, tcp://127.0.0.1:5555 for instance")
	case c.Token != "" && c.Keep != "":
		return errors.New("eval: token and keep are both given: the file that is kept has a token of its own")
	case c.Token != "" && (len(c.Token) < leastToken || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' })):
		return fmt.Errorf("eval: the token can be guessed, or cannot be passed on: write %d characters or more, of ASCII, without spaces", leastToken)
	}
	return nil
}

func (c Config) kept() (*credential.Kept, error) {
	if c.Keep == "" {
		return nil, nil
	}
	k, err := credential.Keep(c.Keep)
	if err != nil {
		return nil, fmt.Errorf("eval: keep: %w", err)
	}
	return k, nil
}

// token makes the token of a launch.
func (p *Profile) token() string {
	if p.at.token == "" {
		return newToken()
	}
	return p.at.token + "." + newToken()
}

// adopted is where daemons belong that were not launched here.
func adopted() *launched {
	l := &launched{job: &launch.Job{}, daemons: math.MaxInt, stop: func() {}, exited: make(chan struct{}), settled: make(chan struct{})}
	close(l.exited)
	close(l.settled)
	return l
}

// adopt gives the launch of a daemon of a former host, nil when it is none. Under the lock.
func (o *pool) adopt(h wire.HelloBody) *launched {
	token := o.p.at.token
	if token == "" || len(h.Token) < len(token) || subtle.ConstantTimeCompare([]byte(h.Token[:len(token)]), []byte(token)) != 1 {
		return nil
	}
	if rest := h.Token[len(token):]; rest != "" && rest[0] != '.' {
		return nil
	}
	return o.adopted
}

// admit notes that a daemon of the launch has come. Under the pool's lock.
func (l *launched) admit(h wire.HelloBody) {
	l.admitted++
	if h.Identity != "" {
		if l.known == nil {
			l.known = map[string]bool{}
		}
		l.known[h.Identity] = true
	}
}

// again tells whether a daemon has come before: it has stayed, and was given up here. Under the pool's lock.
func (l *launched) again(h wire.HelloBody) bool { return h.Identity != "" && l.known[h.Identity] }

// dismissWithin bounds the telling of daemons that they are not needed any more.
const dismissWithin = time.Second

func (p *Profile) dismiss() {
	ctx, cancel := context.WithTimeout(context.Background(), dismissWithin)
	defer cancel()
	p.d.Dismiss(ctx)
}

// staying reads what is for daemons that stay.
func (o *options) staying(cfg *Config) {
	if o.value("redial") != nil {
		if cfg.Redial = o.span("redial"); cfg.Redial == 0 {
			cfg.Redial = -1
		}
	}
	if token := o.text("token"); token != "" {
		cfg.Token = token
	}
	if keep := o.text("keep"); keep != "" {
		cfg.Keep = keep
	}
}

// span is a time of which infinity is the longest.
func (o *options) span(name string) time.Duration {
	if o.endless(name) {
		return longest * time.Millisecond
	}
	return o.time(name)
}
