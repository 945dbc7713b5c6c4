package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// command is a command to run, and what it reads: what is secret stands there, where no list of processes shows it.
type command struct {
	args  []string
	stdin string
}

// String is the command for a shell.
func (c command) String() string {
	words := make([]string, len(c.args))
	for i, a := range c.args {
		words[i] = Quote(a)
	}
	s := strings.Join(words, " ")
	if c.stdin != "" {
		s += " <<'MIRAI'\n" + strings.TrimSuffix(c.stdin, "\n") + "\nMIRAI"
	}
	return s
}

// leftOver is how long the output of a command is waited for that has ended: what it left running may hold it open.
const leftOver = 500 * time.Millisecond

// run runs the command to its end, or to that of ctx.
func (c command) run(ctx context.Context, s Settings) (said string, err error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Stdin = strings.NewReader(c.stdin)
	cmd.WaitDelay = leftOver
	detach(cmd)
	var out, errs Said
	if s.Output {
		out.Also, errs.Also = os.Stdout, os.Stderr
	}
	outEnd, err := listen(&cmd.Stdout, &out)
	if err != nil {
		return "", err
	}
	errEnd, err := listen(&cmd.Stderr, &errs)
	if err != nil {
		cmd.Stdout.(*os.File).Close()
		return "", err
	}
	err = cmd.Start()
	cmd.Stdout.(*os.File).Close()
	cmd.Stderr.(*os.File).Close()
	if err == nil {
		err = cmd.Wait()
	}
	late, cancel := context.WithTimeout(context.Background(), leftOver)
	defer cancel()
	for _, end := range []<-chan struct{}{outEnd, errEnd} {
		select {
		case <-end:
		case <-late.Done():
		}
	}
	return c.outcome(ctx, s, out.String(), errs.String(), err)
}

// listen has a command write to a pipe that is read as long as anything writes: what the command leaves running in the
// background would end where nobody reads.
func listen(to *io.Writer, said *Said) (end <-chan struct{}, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	*to = w
	done := make(chan struct{})
	go func() {
		io.Copy(said, r)
		r.Close()
		close(done)
	}()
	return done, nil
}

func (c command) outcome(ctx context.Context, s Settings, out, errs string, err error) (string, error) {
	said := errs
	if said == "" || err == nil && out != "" {
		said = out
	}
	said = s.Mask(said)
	switch {
	case err == nil:
		return said, nil
	case ctx.Err() != nil:
		return said, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return said, fmt.Errorf("there is no command %q on this machine: install it, or give the path of another", c.args[0])
	case said == "":
		return said, fmt.Errorf("%s: %w", c.args[0], err)
	}
	return said, fmt.Errorf("%s: %w: %s", c.args[0], err, said)
}

// Quote makes one word of a shell of a text.
func Quote(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:/.,@%") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
