package launch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var told = Settings{URL: "tcp://10.0.0.1:5555", Token: "s3cret", Idle: time.Minute}

// TestCommands: what each configuration does, as a person would type it.
func TestCommands(t *testing.T) {
	fed := " <<'MIRAI'\n--url=tcp://10.0.0.1:5555\n--token=s3cret\n--idletime=1m0s\nMIRAI"
	for name, c := range map[string]struct {
		from interface {
			Jobs(n int, url string) ([]Job, error)
		}
		n    int
		want []string
	}{
		"by hand":            {Remote{}, 3, []string{"MIRAI_TOKEN=s3cret mirai daemon tcp://10.0.0.1:5555 --idletime=1m0s"}},
		"a program, by hand": {Remote{Program: "/opt/a host"}, 1, []string{"MIRAI_DAEMON='--url=tcp://10.0.0.1:5555\n--token=s3cret\n--idletime=1m0s' '/opt/a host'"}},
		"srun":               {Remote{Command: "srun"}, 2, []string{"srun mirai daemon -" + fed, "srun mirai daemon -" + fed}},
		"quoted":             {Remote{Command: "sh", Args: [][]string{{"-c", "."}}, Quote: true}, 0, []string{"sh -c 'mirai daemon -'" + fed}},
		"two places":         {Remote{Command: "on", Args: [][]string{{"a", "."}, {"b", "."}}, Program: "/x"}, 1, []string{"on a env MIRAI_DAEMON=- /x" + fed, "on b env MIRAI_DAEMON=- /x" + fed}},
		"ssh": {SSH{Hosts: []string{"ssh://ann@far:2222", "near"}, Options: []string{"-J", "gate"}}, 2, []string{
			"ssh -T -o BatchMode=yes -o ConnectTimeout=10 -p 2222 -J gate -- ann@far 'mirai daemon -'" + fed,
			"ssh -T -o BatchMode=yes -o ConnectTimeout=10 -J gate -- near 'mirai daemon -'" + fed}},
		"a tunnel": {SSH{Hosts: []string{"ssh://[fe80::1]"}, Tunnel: true, Timeout: 3 * time.Second}, 1, []string{
			"ssh -T -o BatchMode=yes -o ConnectTimeout=3 -o ExitOnForwardFailure=yes -R 5555:127.0.0.1:5555 -- fe80::1 'mirai daemon -'" + fed}},
	} {
		t.Run(name, func(t *testing.T) {
			url := told.URL
			if name == "a tunnel" {
				url = "tcp://127.0.0.1:5555"
			}
			jobs, err := c.from.Jobs(c.n, url)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, j := range jobs {
				got = append(got, j.Command(told))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("the commands are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestWrong: what cannot be launched says what to write.
func TestWrong(t *testing.T) {
	two := [][]string{{"."}, {"."}}
	for want, f := range map[string]func() ([]Job, error){
		`"." must be an element of the arguments`:             func() ([]Job, error) { return Remote{Command: "echo", Args: [][]string{{"x"}}}.Jobs(1, told.URL) },
		"3 daemons cannot be launched on 2 hosts: the number": func() ([]Job, error) { return Remote{Command: "echo", Args: two}.Jobs(3, told.URL) },
		"the number must equal that of the hosts":             func() ([]Job, error) { return SSH{Hosts: []string{"a", "b"}}.Jobs(5, told.URL) },
		"-1 daemons cannot be launched":                       func() ([]Job, error) { return Remote{}.Jobs(-1, told.URL) },
		"ssh needs a host":                                    func() ([]Job, error) { return SSH{}.Jobs(1, told.URL) },
		`"http://a" is no address for ssh`:                    func() ([]Job, error) { return SSH{Hosts: []string{"http://a"}}.Jobs(1, told.URL) },
		`"-oProxyCommand=x" is no address for ssh`:            func() ([]Job, error) { return SSH{Hosts: []string{"-oProxyCommand=x"}}.Jobs(1, told.URL) },
		"needs a profile that listens at 127.0.0.1":           func() ([]Job, error) { return SSH{Hosts: []string{"a"}, Tunnel: true}.Jobs(1, told.URL) },
		`there is no system "sun"`:                            func() ([]Job, error) { return Cluster{System: "sun"}.Jobs(1, told.URL) },
		"one line each":                                       func() ([]Job, error) { return Cluster{Name: "a\nb"}.Jobs(1, told.URL) },
		"write https://host/path":                             func() ([]Job, error) { return HTTP{URL: "here", Data: "%s"}.Jobs(1, told.URL) },
		"data must contain %s":                                func() ([]Job, error) { return HTTP{URL: "http://a"}.Jobs(1, told.URL) },
		"launch: http: no token today": func() ([]Job, error) {
			return HTTP{Refresh: func(*HTTP) error { return errors.New("no token today") }}.Jobs(1, told.URL)
		},
	} {
		if jobs, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Jobs() = %d jobs, %v, want an error with %q", len(jobs), err, want)
		}
	}
}

// TestScripts: what the schedulers are given.
func TestScripts(t *testing.T) {
	line := "MIRAI_TOKEN=s3cret mirai daemon tcp://10.0.0.1:5555 --idletime=1m0s"
	for system, want := range map[string][2]string{
		"slurm":  {"sbatch", "#!/bin/sh\n#SBATCH --job-name=job\n#SBATCH --array=1-4\n#SBATCH --output=/log\n#SBATCH --error=/log\n"},
		"sge":    {"qsub", "#!/bin/sh\n#$ -S /bin/sh\n#$ -N job\n#$ -t 1-4\n#$ -j y\n#$ -o /log\n"},
		"pbs":    {"qsub", "#!/bin/sh\n#PBS -N job\n#PBS -J 1-4\n#PBS -j oe\n#PBS -o /log\n"},
		"torque": {"qsub", "#!/bin/sh\n#PBS -N job\n#PBS -t 1-4\n#PBS -j oe\n#PBS -o /log\n"},
		"lsf":    {"bsub", "#!/bin/sh\n#BSUB -J job[1-4]\n#BSUB -o /log\n#BSUB -e /log\n"},
	} {
		c := Cluster{System: system, Name: "job", Log: "/log", Options: "\n   #X --mem=4G\n\tmodule load go\n"}
		jobs, err := c.Jobs(4, told.URL)
		if err != nil || len(jobs) != 1 || jobs[0].Daemons != 4 || jobs[0].Start != 24*time.Hour {
			t.Fatalf("%s: %+v, %v, want one job of 4", system, jobs, err)
		}
		want := want[0] + " <<'MIRAI'\n" + want[1] + "#X --mem=4G\nmodule load go\n" + line + "\nMIRAI"
		if got := jobs[0].Command(told); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", system, got, want)
		}
	}
	jobs, err := Cluster{System: "lsf", Name: "job", Single: true}.Jobs(2, told.URL)
	if err != nil || len(jobs) != 2 || jobs[1].Daemons != 1 || !strings.Contains(jobs[1].Command(told), "#BSUB -J job\n#BSUB -o /dev/null\n") {
		t.Errorf("single ones: %+v, %v", jobs, err)
	}
}

// TestRun: what a command says and how it ends is told, and no secret with it.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for script, want := range map[string][2]string{
		"read x; echo \"Submitted batch job 7 for $x\"":                                {"Submitted batch job 7 for #!/bin/sh", ""},
		"cat >&2; echo 'sbatch: error: invalid partition specified: near' >&2; exit 1": {"", "exit status 1: #!/bin/sh"},
		"exec <&-; exit 3": {"", "submit: exit status 3"},
		"grep MIRAI_TOKEN": {"MIRAI_TOKEN=*** mirai daemon tcp://10.0.0.1:5555 --idletime=1m0s", ""},
		"(sleep 100) & echo $! >pid; echo it goes on": {"it goes on", ""}, // what stays in the background holds up nobody
	} {
		submit := filepath.Join(dir, "submit")
		if err := os.WriteFile(submit, []byte("#!/bin/sh\ncd "+dir+"\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		jobs, err := Cluster{Command: submit}.Jobs(1, told.URL)
		if err != nil {
			t.Fatal(err)
		}
		said, err := jobs[0].Run(context.Background(), told)
		if want[1] == "" && (said != want[0] || err != nil) || want[1] != "" && (err == nil || !strings.Contains(err.Error(), want[1])) {
			t.Errorf("%s: %q, %v, want %q", script, said, err, want)
		}
		if strings.Contains(said, "s3cret") || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: it tells the token: %q, %v", script, said, err)
		}
	}
	pid, err := os.ReadFile(filepath.Join(dir, "pid"))
	kill := command{args: []string{"kill", strings.TrimSpace(string(pid))}}
	if _, failed := kill.run(context.Background(), told); err != nil || failed != nil {
		t.Errorf("what stays in the background is not there: %v, %v", err, failed)
	}
	jobs, _ := Cluster{Command: "no-such-command"}.Jobs(1, told.URL)
	if _, err := jobs[0].Run(context.Background(), told); err == nil || !strings.Contains(err.Error(), `there is no command "no-such-command"`) {
		t.Errorf("%v, want that there is no such command", err)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, errors.New("enough"))
	defer cancel()
	jobs, _ = Cluster{Command: "sleep", Args: []string{"100"}}.Jobs(1, told.URL)
	if _, err := jobs[0].Run(ctx, told); err == nil || err.Error() != "enough" {
		t.Errorf("%v, want the end of the context", err)
	}
}

// TestSeveral: daemons that share a connection are all fed, and a failed one is told.
func TestSeveral(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "a 'daemon'")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >$(mktemp "+dir+"/told.XXXXXX)\nmkdir "+dir+"/first 2>/dev/null && exit 4\nexit 0\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := command{[]string{"sh", "-c", several(program, 3)}, told.feed()}
	if _, err := c.run(context.Background(), told); err == nil || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("%v, want the status of the one that failed", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "told.*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d were fed, %v, want 3", len(files), err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); string(b) != told.feed() || err != nil {
			t.Errorf("one was fed %q, %v", b, err)
		}
	}
}

// TestHTTP: one request for each daemon, its status checked.
func TestHTTP(t *testing.T) {
	var lines []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var job struct{ Command string }
		if err := json.NewDecoder(r.Body).Decode(&job); err != nil {
			t.Error(err)
		}
		lines = append(lines, strings.Join([]string{r.Method, r.Header.Get("X-A"), r.Header.Get("Cookie"), r.Header.Get("Authorization"), job.Command}, "|"))
		switch r.URL.Path {
		case "/refused":
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "no: "+r.Header.Get("X-Api-Key")+r.Header.Get("Authorization")+job.Command)
		case "/moved":
			http.Redirect(w, r, "/jobs", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	times := 0
	h := HTTP{URL: server.URL + "/jobs", Headers: map[string]string{"X-A": "b", "X-Api-Key": "k3y of the service"}, Cookie: "c=d", Data: `{"command": "%s"}`, Refresh: func(h *HTTP) error {
		times++
		h.Token = "t0ken"
		return nil
	}}
	run := func() (errs []string) {
		jobs, err := h.Jobs(2, told.URL)
		if err != nil || times == 0 {
			t.Fatal(err, times)
		}
		for _, j := range jobs {
			if shown := j.Command(told); strings.Contains(shown, "t0ken") || strings.Contains(shown, "k3y") {
				t.Errorf("the command shows the token: %s", j.Command(told))
			}
			if _, err := j.Run(context.Background(), told); err != nil {
				errs = append(errs, err.Error())
			}
		}
		return errs
	}
	want := `POST|b|c=d|Bearer t0ken|MIRAI_TOKEN=s3cret mirai daemon tcp://10.0.0.1:5555 --idletime=1m0s`
	if errs := run(); len(errs) > 0 || !slices.Equal(lines, []string{want, want}) {
		t.Errorf("%q: the service got %q", errs, lines)
	}
	for path, want := range map[string]string{"/refused": "status 403 Forbidden: no: ***Bearer ***MIRAI_TOKEN=*** mirai", "/moved": "status 307"} {
		h.URL = server.URL + path
		if errs := run(); len(errs) != 2 || !strings.Contains(errs[0], want) {
			t.Errorf("%s: %q, want %q", path, errs, want)
		}
	}
	server.Close()
	if errs := run(); len(errs) != 2 || !strings.Contains(errs[1], "connection refused") {
		t.Errorf("without a service: %q", errs)
	}
}

// TestFromInput: a program that is told to reads its settings from standard input.
func TestFromInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, told.feed())
	w.Close()
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()
	t.Setenv(Cookie, "-")
	if s, ok, err := FromEnviron(); s != told || !ok || err != nil {
		t.Errorf("FromEnviron() = %+v, %v, %v, want %+v", s, ok, err, told)
	}
}

// TestWhere: an address is told without what is secret in it.
func TestWhere(t *testing.T) {
	h := HTTP{URL: "https://ann:pass@far/jobs?queue=long&api_key=a%2Fb%2Fc1"}
	if got, want := h.Where(), "https://ann:xxxxx@far/jobs?queue=long&api_key=***"; got != want {
		t.Errorf("Where() = %s, want %s", got, want)
	}
	h = HTTP{URL: "http://127.0.0.1:1/jobs?token=s3cret-of-mine", Data: "%s"}
	jobs, err := h.Jobs(1, told.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jobs[0].Run(t.Context(), told); err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(jobs[0].Command(told.Masked()), "s3cret") {
		t.Errorf("Run() = %v, by %s, want no secret", err, jobs[0].Command(told.Masked()))
	}
}

// TestMask: secrets are found where only a piece of them was kept.
func TestMask(t *testing.T) {
	s := Settings{Token: "0123456789abcdef0123456789abcdef", Credential: "mirai1.host.MIGHAgEAMBMGByqGSM49AgEGCCqGSM49"}
	for text, want := range map[string]string{
		"nothing":                         "nothing",
		"a " + s.Token + " b":             "a *** b",
		s.Token[:20] + "\n" + s.Token[9:]: "***\n***",
		"x=" + s.Credential[:30]:          "x=***",
		s.Credential[15:] + s.Token:       "******",
		"mirai1. 0123":                    "mirai1. 0123",
	} {
		if got := s.Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}
