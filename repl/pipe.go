package repl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/mojukapu/mirai/script"
)

// pipe evaluates what comes in statement by statement, shows the values, and stops at the first error.
func pipe(cfg script.Config, in io.Reader) (code int, err error) {
	s, err := script.New(cfg)
	if err != nil {
		return ExitError, err
	}
	defer s.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = feed(ctx, s, bufio.NewReader(in))
	switch code, exit := script.ExitCode(err); {
	case exit:
		return code, nil
	case err == nil:
		return ExitOK, nil
	case ctx.Err() != nil:
		return ExitInterrupted, nil
	}
	return ExitError, errors.New(s.Explain(err))
}

func feed(ctx context.Context, s *script.Session, in *bufio.Reader) error {
	var text strings.Builder
	for {
		line, readErr := in.ReadString('\n')
		text.WriteString(line)
		if readErr != nil && readErr != io.EOF {
			return fmt.Errorf("cannot read standard input: %w", readErr)
		}
		last := readErr == io.EOF
		if strings.TrimSpace(text.String()) != "" {
			err := show(ctx, s, strings.TrimRight(text.String(), "\r\n"))
			if script.Incomplete(err) && !last {
				continue
			}
			if err != nil {
				return err
			}
		}
		text.Reset()
		if last {
			return s.Drain(ctx)
		}
	}
}

func show(ctx context.Context, s *script.Session, text string) error {
	shown, err := s.Line(ctx, text)
	if err == nil && shown != "" {
		fmt.Println(shown)
	}
	return err
}
