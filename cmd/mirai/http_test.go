package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sync"
	"testing"
)

// TestHTTP runs testdata/remote/http.txtar with a service that starts what it is sent.
func TestHTTP(t *testing.T) {
	t.Parallel()
	var running sync.WaitGroup
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/jobs", http.StatusTemporaryRedirect)
			return
		case "/slow":
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return
		}
		var job struct{ Name, Command string }
		if err := json.NewDecoder(r.Body).Decode(&job); err != nil || job.Name != "100%" {
			http.Error(w, fmt.Sprint(job, err), http.StatusBadRequest)
			return
		}
		day := 0
		fmt.Sscanf(r.Header.Get("Cookie"), "day=%d", &day)
		if r.Header.Get("Authorization") != fmt.Sprint("Bearer t0ken", day) || r.Header.Get("X-Queue") != "small" || r.Method != "POST" {
			http.Error(w, "not you: "+r.Header.Get("Authorization")+" with "+job.Command, http.StatusForbidden)
			return
		}
		cmd := exec.Command("sh", "-c", job.Command)
		if err := cmd.Start(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		running.Go(func() { cmd.Wait() })
	}))
	defer running.Wait()
	defer service.Close()
	t.Run("scripts", func(t *testing.T) { runRemote(t, "http", map[string]string{"SERVICE": service.URL}) })
}

// TestStandIn runs testdata/remote/standin.txtar: schedulers that cannot be had here.
func TestStandIn(t *testing.T) {
	t.Parallel()
	runRemote(t, "standin", nil)
}
