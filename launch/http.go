package launch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// HTTP starts daemons by requests to a service that runs commands, one request for each daemon.
type HTTP struct {
	// URL is where the requests go.
	URL string
	// Method is that of the requests. Defaults to POST.
	Method string
	// Headers are sent with them. Content-Type defaults to application/json.
	Headers map[string]string
	// Cookie and Token, where given, are sent as Cookie and as Authorization: Bearer.
	Cookie, Token string
	// Data is the body. In it %s stands for the daemon's command, for a shell, escaped to stand in a string of JSON:
	// {"command": "%s"}.
	Data string
	// Refresh, where given, completes a copy of the configuration at each launch, for what does not last.
	Refresh func(h *HTTP) error
	// Timeout bounds each request. Defaults to 5 s.
	Timeout time.Duration
	// Program becomes the daemon: the path of mirai there, or of a Go program that calls daemon.Main first. Defaults to mirai.
	Program string
	// Start is how long a daemon may take to connect. Defaults to 10 min.
	Start time.Duration
}

// Jobs says how n daemons are started; 0 means one.
func (h HTTP) Jobs(n int, url string) ([]Job, error) {
	if n < 0 {
		return nil, fmt.Errorf("launch: %d daemons cannot be launched: the number must be one or greater", n)
	}
	if h.Refresh != nil {
		if err := h.Refresh(&h); err != nil {
			return nil, fmt.Errorf("launch: http: %w", err)
		}
	}
	if err := h.valid(); err != nil {
		return nil, err
	}
	jobs := make([]Job, max(n, 1))
	for i := range jobs {
		jobs[i] = Job{Daemons: 1, Start: orElse(h.Start, startLater), Command: h.curl, Run: h.send}
	}
	return jobs, nil
}

func (h HTTP) valid() error {
	u, err := url.Parse(h.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("launch: the url of http is %q: write https://host/path", h.Where())
	}
	if !strings.Contains(h.Data, "%s") {
		return errors.New(`launch: data must contain %s, which stands for the command of the daemon: {"command": "%s"}`)
	}
	return nil
}

func (h HTTP) method() string {
	if h.Method == "" {
		return http.MethodPost
	}
	return h.Method
}

// body is Data with the command in it.
func (h HTTP) body(s Settings) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s.Line(h.Program)) // a string: it cannot fail
	quoted := strings.TrimSpace(b.String())
	return []byte(strings.Replace(h.Data, "%s", quoted[1:len(quoted)-1], 1))
}

// send sends one request. It follows no redirection: the command would go to somebody else.
func (h HTTP) send(ctx context.Context, s Settings) (said string, err error) {
	limit := orElse(h.Timeout, 5*time.Second)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, h.method(), h.URL, bytes.NewReader(h.body(s)))
	if err != nil {
		return "", errors.New(h.mask(err.Error()))
	}
	req.Header = h.header()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", fmt.Errorf("%s %s: %w", h.method(), h.Where(), context.Cause(ctx))
	case err != nil:
		return "", errors.New(s.Mask(h.mask(err.Error())))
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(res.Body, saidSize))
	said = s.Mask(h.mask(strings.TrimSpace(strings.ToValidUTF8(string(b), "?"))))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return said, errors.New(strings.TrimSuffix(fmt.Sprintf("%s %s: status %s: %s", h.method(), h.Where(), res.Status, said), ": "))
	}
	return said, nil
}

func (h HTTP) header() http.Header {
	headers := http.Header{"Content-Type": {"application/json"}}
	for name, v := range h.Headers {
		headers.Set(name, v)
	}
	if h.Cookie != "" {
		headers.Add("Cookie", h.Cookie)
	}
	if h.Token != "" {
		headers.Set("Authorization", "Bearer "+h.Token)
	}
	return headers
}

// mask takes what is secret in the configuration out of a text.
func (h HTTP) mask(text string) string {
	secrets := []string{h.Cookie, h.Token}
	for name, v := range h.Headers {
		if private.MatchString(name) {
			secrets = append(secrets, v)
		}
	}
	if u, err := url.Parse(h.URL); err == nil {
		for name, values := range u.Query() {
			if !private.MatchString(name) {
				continue
			}
			for _, v := range values {
				secrets = append(secrets, v, url.QueryEscape(v))
			}
		}
	}
	return hide(text, secrets...)
}

// private are the names of headers, and of what follows ? in a URL, that are not to be seen.
var private = regexp.MustCompile(`(?i)auth|cookie|token|secret|key|password`)

// Where is the URL for messages: what is secret in it is masked.
func (h HTTP) Where() string {
	u, err := url.Parse(h.URL)
	if err != nil {
		return h.mask(h.URL)
	}
	return h.mask(u.Redacted())
}

// curl is the request as a command, its own secrets masked.
func (h HTTP) curl(s Settings) string {
	args := []string{"curl", "-X", h.method()}
	headers := h.header()
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		args = append(args, "-H", name+": "+h.mask(headers.Get(name)))
	}
	return command{append(args, "--data-binary", "@-", h.Where()), string(h.body(s))}.String()
}
