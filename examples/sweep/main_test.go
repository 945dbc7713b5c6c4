package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: script.DaemonModules()})
	os.Exit(m.Run())
}

func Example() {
	main()
	// Output:
	// 0.450 ######################### 258
	// 0.475 #################### 209
	// 0.500 ############## 146
	// 0.525 ###### 64
	// 0.550 #### 41
}

// TestScripts: both scripts give the program's numbers, on any number of nodes.
func TestScripts(t *testing.T) {
	for _, file := range []string{"sweep.js", "sweep.lua"} {
		for _, nodes := range []string{"1", "3"} {
			var ruins []string
			s, err := script.New(script.Config{Lang: lang.LanguageOf(file), Args: []string{file, nodes}, Print: func(_ lang.Stream, line string) {
				ruins = append(ruins, line[strings.LastIndexByte(line, ' ')+1:])
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := s.RunFile(ctx, file); err != nil {
				t.Fatal(s.Explain(err))
			}
			if want := []string{"258", "209", "146", "64", "41"}; !slices.Equal(ruins, want) {
				t.Errorf("%s on %s nodes gives %v, want %v", file, nodes, ruins, want)
			}
		}
	}
}
