package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a person's terminal with the REPL in it.
type terminal struct {
	t    *testing.T
	tty  *os.File
	cmd  *exec.Cmd
	text []byte // what is on it and was not expected yet, without escape sequences
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>]|\r`)

func openTerminal(t *testing.T, state string, args ...string) *terminal {
	t.Helper()
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	unlock := 0
	n := 0
	control(t, tty, func(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, unlock) })
	control(t, tty, func(fd int) (err error) { n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN); return err })
	control(t, tty, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 120})
	})
	child, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	inputrc := filepath.Join(state, "inputrc")
	if err := os.WriteFile(inputrc, []byte("set cursor-position-probe off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, tty: tty, cmd: exec.Command("mirai", args...)}
	x.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+state, "INPUTRC="+inputrc, "TERM=xterm")
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = child, child, child
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.cmd.Process.Kill()
		x.cmd.Wait()
		tty.Close()
	})
	return x
}

func control(t *testing.T, f *os.File, do func(fd int) error) {
	t.Helper()
	c, err := f.SyscallConn()
	if err == nil {
		err2 := c.Control(func(fd uintptr) { err = do(int(fd)) })
		if err == nil {
			err = err2
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// typed types keys.
func (x *terminal) typed(keys string) {
	x.t.Helper()
	if _, err := x.tty.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// expect waits until text appears after what was expected before.
func (x *terminal) expect(want string) {
	x.t.Helper()
	buf := make([]byte, 4096)
	x.tty.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		clean := escapes.ReplaceAll(x.text, nil)
		if i := bytes.Index(clean, []byte(want)); i >= 0 {
			x.text = clean[i+len(want):]
			return
		}
		n, err := x.tty.Read(buf)
		if x.text = append(x.text, buf[:n]...); err != nil {
			x.t.Fatalf("waiting for %q: %v; the terminal has %q", want, err, escapes.ReplaceAll(x.text, nil))
		}
	}
}

func (x *terminal) ends(want int) {
	x.t.Helper()
	err := x.cmd.Wait()
	if got := x.cmd.ProcessState.ExitCode(); got != want {
		x.t.Errorf("it exits with %d (%v), want %d", got, err, want)
	}
}

const (
	enter = "\r"
	ctrlC = "\x03"
	ctrlD = "\x04"
	up    = "\x1b[A"
	tab   = "\t"
)

func TestTerminal(t *testing.T) {
	for _, x := range []struct {
		language                 string
		block, function, printer string
		value                    string
		wrong, wrongText         string
		waiting                  string
	}{
		{"js", "m = mirai<js>{ sleep(20); a + 1 }(a = 2)", "function f(n) {\rreturn n * 2\r}", `setTimeout(() => print("late" + "r"), 20)`,
			"f(21)", "let q = = 2", "Unexpected token =", `print("about " + "to wait"); s[]`},
		{"lua", "m = mirai<lua>{ sleep(20) return a + 1 }(a = 2)", "function f(n)\rreturn n * 2\rend", `mirai<lua>{ 1 }:next(function() print("late" .. "r") end)`,
			"f(21)", "q = = 2", "unexpected '='", `print("about " .. "to wait") local v = s[]`},
	} {
		t.Run(x.language, func(t *testing.T) {
			state := t.TempDir()
			prompt := x.language + "> "
			term := openTerminal(t, state)
			term.expect("js> ")
			if x.language == "lua" {
				term.typed(":lua" + enter)
				term.expect("\nlua> ")
			}
			term.typed("1+1" + enter)
			term.expect("\n2\n" + prompt)
			term.typed(x.function + enter)
			term.expect("\n" + prompt)
			term.typed(x.value + enter)
			term.expect("\n42\n" + prompt)
			term.typed(x.wrong + enter)
			term.expect(x.wrongText)
			term.expect("^\n")
			term.expect("\n" + prompt)
			// a block, pending and then waited for
			term.typed(x.block + enter)
			term.expect("\n")
			term.typed("m[]" + enter)
			term.expect("\n3\n" + prompt)
			// callbacks run while the prompt waits
			term.typed(x.printer + enter)
			term.expect("later\n")
			// Ctrl-C clears a line, and interrupts a wait but not the task
			term.typed("clear me" + ctrlC)
			term.expect("\n" + prompt)
			term.typed("s = mirai<js>{ sleep(100000) }" + enter)
			term.expect("\n" + prompt)
			term.typed(x.waiting + enter)
			term.expect("about to wait\n")
			term.typed(ctrlC)
			term.expect("interrupted\n" + prompt)
			term.typed("s" + enter)
			term.expect("mirai<...>\n" + prompt)
			term.typed(":status" + enter)
			term.expect("no daemons set\n" + prompt)
			term.typed(ctrlD)
			term.ends(0)
			recall(t, state, x.language, prompt)
		})
	}
}

// recall finds a line of an earlier conversation in the history.
func recall(t *testing.T, state, language, prompt string) {
	t.Helper()
	st, err := os.Stat(filepath.Join(state, "mirai", "history"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("the history file: %v, %v, want mode 0600", st, err)
	}
	args := []string{}
	if language == "lua" {
		args = append(args, "--lua")
	}
	term := openTerminal(t, state, args...)
	term.expect(prompt)
	term.typed(up)
	term.expect(":status")
	term.typed(up)
	term.expect("s")
	term.typed(ctrlC)
	term.expect("\n" + prompt)
	term.typed(up)
	term.expect(":status")
	term.typed(enter)
	term.expect("no daemons set")
	term.typed("no" + "_such_name.field" + enter)
	term.expect("no_such_name")
	term.typed(":quit" + enter)
	term.ends(0)
}

func TestCompletion(t *testing.T) {
	term := openTerminal(t, t.TempDir())
	term.expect("js> ")
	term.typed("Math.fro" + tab)
	term.expect("Math.fround")
	term.typed("(1.5)" + enter)
	term.expect("1.5\n")
	term.typed("mirai.col" + tab)
	term.expect("mirai.collect")
	term.typed(ctrlC)
	term.expect("\njs> ")
	term.typed(ctrlD)
	term.ends(0)
}

// TestLeaveAhead: a Ctrl-D that is typed while a line is evaluated counts when that is over.
func TestLeaveAhead(t *testing.T) {
	term := openTerminal(t, t.TempDir())
	term.expect("js> ")
	term.typed(`print("busy" + "now"); sleep(200)` + enter)
	term.expect("busynow\n")
	term.typed(ctrlD)
	term.ends(0)
}
