package dispatch

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestConversations runs testdata/*.txt: lines "> event" are given to a queue, the lines after each are the actions
// that it must ask for, all of them.
func TestConversations(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no conversations in testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSpace(string(b))
			if got := converse(t, want); got != want {
				t.Errorf("the conversation went like this:\n%s\n\nwanted:\n%s", got, want)
			}
		})
	}
}

// converse replays the events of a conversation and writes down what the queue says.
func converse(t *testing.T, script string) string {
	c := &conversation{t: t, tasks: map[string]*Task{}, daemons: map[string]*Daemon{}}
	var out []string
	for _, line := range strings.Split(script, "\n") {
		switch {
		case strings.HasPrefix(line, "#"), line == "":
			out = append(out, line)
		case strings.HasPrefix(line, "> "):
			out = append(out, line)
			out = append(out, c.event(strings.Fields(line[2:]))...)
		}
	}
	return strings.Join(out, "\n")
}

type conversation struct {
	t       *testing.T
	q       Queue
	now     time.Duration
	tasks   map[string]*Task
	daemons map[string]*Daemon
}

func (c *conversation) event(words []string) (said []string) {
	verb, name := words[0], ""
	options := map[string]int{}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			n, err := strconv.Atoi(v)
			if err != nil {
				c.t.Fatal(err)
			}
			options[k] = n
		} else if name == "" {
			name = w
		}
	}
	last := words[len(words)-1]
	ms := func(k string) time.Duration { return time.Duration(options[k]) * time.Millisecond }
	switch verb {
	case "queue":
		c.q.Depth, c.q.Grace, c.q.Direct = options["depth"], ms("grace"), options["direct"] > 0
		c.q.MaxBytes, c.q.MaxTasks, c.q.Kept = options["bytes"], options["tasks"], options["kept"]
		c.q.pace.average = time.Duration(options["pace"]) * time.Microsecond
	case "submit", "offer", "pin", "owe":
		if t := c.tasks[name]; verb == "pin" && t != nil {
			c.q.Pin(t, c.daemons[last], c.now)
			break
		}
		task := &Task{ID: uint64(len(c.tasks) + 1), Owner: name, RunLimit: ms("run"), Priority: options["priority"], Level: options["level"], Retries: options["retry"],
			Backoff: ms("backoff"), Inherit: options["inherit"] > 0, Frame: make([]byte, options["size"])}
		if options["timeout"] > 0 {
			task.Deadline = c.now + ms("timeout")
		}
		c.tasks[name] = task
		switch verb {
		case "pin":
			c.q.Pin(task, c.daemons[last], c.now)
		case "owe":
			c.q.Owe(task)
		case "offer":
			said = append(said, fmt.Sprintf("  %v", c.q.Offer(task, c.now)))
		default:
			c.q.Submit(task, c.now)
		}
	case "up", "join":
		c.daemons[name] = &Daemon{ID: uint64(len(c.daemons) + 1), Peer: name, Stays: options["stays"] > 0}
		c.q.Up(c.daemons[name])
		if verb == "up" {
			c.q.Ready(c.daemons[name], c.now)
		}
	case "ready":
		c.q.Ready(c.daemons[name], c.now)
	case "down":
		c.q.Down(c.daemons[name], c.now)
	case "away":
		c.q.Away(c.daemons[name], c.now+ms("for"))
	case "back":
		said = append(said, fmt.Sprintf("  %v", c.q.Back(c.daemons[name], c.now)))
	case "leave":
		c.q.Leave(c.daemons[name], c.now)
	case "lend":
		var back []uint64
		for _, w := range words[4:] {
			back = append(back, c.tasks[w].ID)
		}
		c.daemons[words[3]] = &Daemon{}
		c.q.Lend(c.daemons[name], c.tasks[words[2]].ID, c.daemons[words[3]], back, c.now)
		c.daemons[words[3]].Peer = words[3] // for what is said
	case "resume":
		c.q.Resume(c.daemons[name], c.tasks[words[2]].ID)
	case "result":
		task := c.tasks[name]
		attempt := task.Attempt
		if options["attempt"] > 0 {
			attempt = uint32(options["attempt"])
		}
		if c.q.Result(c.daemons[words[2]], task.ID, attempt, c.now) != nil {
			said = append(said, "  resolved "+name)
		} else {
			said = append(said, "  ignored")
		}
	case "returned":
		var ids []uint64
		for _, w := range words[2:] {
			ids = append(ids, c.tasks[w].ID)
		}
		c.q.Returned(c.daemons[name], ids, c.now)
	case "cancel":
		said = append(said, fmt.Sprintf("  %v", c.q.Cancel(c.tasks[name], c.now)))
	case "at":
		n, _ := strconv.Atoi(name)
		c.now = time.Duration(n) * time.Millisecond
		c.q.Tick(c.now)
	case "next":
		said = append(said, fmt.Sprintf("  %d", c.q.Next().Milliseconds()))
	case "counts":
		said = append(said, fmt.Sprintf("  %+v", c.q.Counts()))
	case "load":
		said = append(said, fmt.Sprintf("  %+v", c.q.Load()))
	case "full":
		said = append(said, fmt.Sprintf("  %v", c.q.Full()))
	case "tasks":
		for _, e := range c.q.Tasks() {
			said = append(said, "  "+tell(e))
		}
	case "close":
		c.q.Close()
	default:
		c.t.Fatalf("no such event: %v", words)
	}
	for _, a := range c.q.Take() {
		said = append(said, "  "+say(a))
	}
	return said
}

func tell(e Entry) string {
	s := fmt.Sprintf("%v %s, attempt %d", e.Task.Owner, e.State, e.Attempt)
	if e.Daemon != nil {
		s += fmt.Sprintf(", %v", e.Daemon.Peer)
	}
	return s
}

func say(a Action) string {
	switch a.Verb {
	case Send:
		s := fmt.Sprintf("send %v to %v", a.Task.Owner, a.Daemon.Peer)
		if a.Task.Attempt > 1 {
			s += fmt.Sprintf(", attempt %d", a.Task.Attempt)
		}
		return s
	case Interrupt:
		return fmt.Sprintf("interrupt %v on %v", a.Task.Owner, a.Daemon.Peer)
	case Kill:
		return fmt.Sprintf("kill %v", a.Daemon.Peer)
	case Admit:
		return fmt.Sprintf("admit %v", a.Task.Owner)
	case Forget:
		return fmt.Sprintf("forget %v", a.Daemon.Peer)
	case Recall:
		return fmt.Sprintf("recall from %v", a.Daemon.Peer)
	}
	return fmt.Sprintf("%v ends: %s", a.Task.Owner, [...]string{"timed out", "cancelled", "reset", "closed", "timed out while running", "ran too long"}[a.Outcome])
}

// TestFlat shows that the cost of an assignment and of a cancel does not grow with the queue.
func TestCancelAnywhere(t *testing.T) {
	var q Queue
	var tasks []*Task
	for i := range 1000 {
		tasks = append(tasks, &Task{ID: uint64(i), Owner: i})
		q.Submit(tasks[i], 0)
	}
	for i := 999; i >= 0; i -= 2 {
		if !q.Cancel(tasks[i], 0) || q.Cancel(tasks[i], 0) {
			t.Fatalf("Cancel of task %d: want true, then false", i)
		}
	}
	q.Take()
	d := &Daemon{}
	q.Up(d)
	q.Ready(d, 0)
	for i := 0; i < 1000; i += 2 {
		if q.Result(d, uint64(i), 1, 0) != tasks[i] {
			t.Fatalf("task %d did not come in its turn", i)
		}
	}
	if got, want := q.Counts(), (Counts{Connections: 1, Cumulative: 1, Completed: 1000}); got != want {
		t.Errorf("Counts() = %+v, want %+v", got, want)
	}
}

func BenchmarkStep(b *testing.B) {
	var q Queue
	d := &Daemon{}
	q.Up(d)
	q.Ready(d, 0)
	b.ReportAllocs()
	for i := range b.N {
		t := &Task{ID: uint64(i)}
		q.Submit(t, 0)
		q.Take()
		q.Result(d, t.ID, 1, 0)
		q.Take()
	}
}
