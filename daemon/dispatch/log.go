package dispatch

import (
	"sync"
	"time"
)

// Strangers decide how often they are logged, so a flood of them must not fill a disk.
const (
	logLines = 20
	logEvery = time.Minute
)

// sparse lets logLines through in logEvery, and then tells how many there were besides.
func sparse(log func(format string, args ...any)) func(format string, args ...any) {
	var mu sync.Mutex
	var began time.Time
	lines := 0
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(began) >= logEvery {
			if more := lines - logLines; more > 0 {
				log("mirai: %d more like these until %s", more, began.Add(logEvery).Format(time.TimeOnly))
			}
			began, lines = now, 0
		}
		if lines++; lines <= logLines {
			log(format, args...)
		}
	}
}
