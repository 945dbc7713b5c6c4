package daemon

// enough is the code with which the daemon leaves after the task that has ended, ExitGone when it stays. Under the lock.
func (w *worker) enough() int {
	switch {
	case w.s.MaxTasks > 0 && w.tasks >= w.s.MaxTasks:
		return ExitMaxTasks
	case w.expired:
		return ExitWall
	}
	return ExitGone
}

// departIfEnough has the daemon leave when it has done what it was to do and nothing runs. Under the lock.
func (w *worker) departIfEnough() bool {
	code := w.enough()
	return code != ExitGone && !w.busy && len(w.lent) == 0 && w.depart(code)
}

// depart says with which code the daemon leaves; it is false when it leaves already. Under the lock.
func (w *worker) depart(code int) bool {
	if w.leaving {
		return false
	}
	w.leaving, w.farewell = true, code
	return true
}

// rest leaves, or waits for the next task.
func (w *worker) rest(leave bool) {
	switch {
	case leave:
		w.leave()
	case w.idle != nil:
		w.idle.Reset(w.s.Idle)
	}
}

// leaveIdle leaves unless a task runs.
func (w *worker) leaveIdle(code int) {
	w.mu.Lock()
	leave := !w.busy && len(w.lent) == 0 && w.depart(code)
	w.mu.Unlock()
	if leave {
		w.leave()
	}
}

// expire has the daemon leave as soon as no task runs.
func (w *worker) expire() {
	w.mu.Lock()
	w.expired = true
	w.mu.Unlock()
	w.leaveIdle(ExitWall)
}
