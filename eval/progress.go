package eval

import "time"

// Progress is how far the collecting of a map is.
type Progress struct {
	Name  string // what the script calls it, "" for nothing
	Done  int    // results there are
	Total int
	ETA   time.Duration // until all are there; 0 while it is unknown
	Over  bool          // the last report: all are there, one has failed, or nobody waits any more
}

// meter reports progress.
type meter struct {
	report func(Progress)
	p      Progress
	start  time.Time
	base   int // results that were there at the start
}

// newMeter gives nil when nobody wants to know.
func newMeter(how collecting, total int) *meter {
	if !how.progress || how.report == nil {
		return nil
	}
	return &meter{report: how.report, p: Progress{Name: how.name, Total: total}, base: -1}
}

func (m *meter) at(done int) {
	if m == nil {
		return
	}
	if m.base < 0 {
		m.start, m.base = time.Now(), done
	}
	m.p.Done = done
	m.p.ETA = eta(time.Since(m.start), done-m.base, m.p.Total-done)
	m.report(m.p)
}

func (m *meter) end() {
	if m != nil {
		m.p.Over, m.p.ETA = true, 0
		m.report(m.p)
	}
}

// eta is how long the rest takes when it goes on as it did.
func eta(took time.Duration, done, left int) time.Duration {
	if done <= 0 {
		return 0
	}
	return time.Duration(float64(took) / float64(done) * float64(left))
}
