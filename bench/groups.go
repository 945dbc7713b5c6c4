package main

// group is figures that are taken together: a contender that knows nothing of a group gives nothing.
type group struct {
	name    string
	task    string // what the peers' programs call it
	workers int
	figures string // what mirai bench -only calls them
}

var groups = []group{
	{"roundtrip", "roundtrip", 1, "roundtrip"},
	{"throughput1", "throughput", 1, "throughput"},
	{"throughput2", "throughput", 2, "throughput"},
	{"map", "map", 2, "map"},
	{"callback", "callback", 1, "callback"},
	{"echo", "echo", 1, "echo"},
	{"start1", "start", 1, "start_first_result"},
	{"start8", "start", 8, "start_first_result"},
	{"idle", "idle", 1, "idle_daemon_private"},
	{"queue", "queue", 1, "queued_task_bytes"},
	{"cancel", "cancel", 1, "cancel_queued"},
}

func groupNames() (names []string) {
	for _, g := range groups {
		names = append(names, g.name)
	}
	return names
}

// figure is a line of the table.
type figure struct {
	name    string
	workers int
	title   string
	more    bool   // more is better
	floor   string // the figure of the floor that it is held against
}

var figures = []figure{
	{"roundtrip_p50", 1, "round trip, median", false, "pingpong_p50"},
	{"roundtrip_p99", 1, "round trip, p99", false, "pingpong_p99"},
	{"throughput", 1, "20,000 tasks, 1 worker", true, "socket_windowed"},
	{"throughput", 2, "20,000 tasks, 2 workers", true, "socket_windowed"},
	{"map", 2, "map of 20,000, 2 workers", true, "socket_windowed"},
	{"callback_p50", 1, "completion to callback, median", false, "pingpong_p50"},
	{"callback_p99", 1, "completion to callback, p99", false, "pingpong_p99"},
	{"echo_1MB", 1, "1 MB of doubles, both ways", false, "socket_1MB"},
	{"echo_10MB", 1, "10 MB of doubles, both ways", false, "socket_10MB"},
	{"echo_100MB", 1, "100 MB of doubles, both ways", false, "socket_100MB"},
	{"start_first_result", 1, "1 worker, nothing to result", false, "start_process"},
	{"start_first_result", 8, "8 workers, nothing to results", false, "start_process"},
	{"idle_daemon_private", 1, "private memory, idle worker", false, "private_process"},
	{"queued_task_bytes", 1, "host memory per queued task", false, "held_frame"},
	{"cancel_queued", 1, "cancel 100,000 queued tasks", false, "unlink_100k"},
}

// floors are the lines of the floor's own table.
var floors = []figure{
	{"pingpong_p50", 1, "64 B there and back, unix socket, median", false, ""},
	{"pingpong_p99", 1, "the same, p99", false, ""},
	{"mangos_p50", 1, "the same over mangos' own req/rep and ipc, median", false, ""},
	{"mangos_p99", 1, "the same, p99", false, ""},
	{"eval_js", 1, "an empty evaluation, JavaScript, cached", false, ""},
	{"eval_lua", 1, "an empty evaluation, Lua, cached", false, ""},
	{"memcpy_100MB", 1, "100 MB copied in memory", false, ""},
	{"socket_1MB", 1, "1 MB there and back, unix socket", false, ""},
	{"socket_10MB", 1, "10 MB there and back, unix socket", false, ""},
	{"socket_100MB", 1, "100 MB there and back, unix socket", false, ""},
	{"start_process", 1, "a static Go process, start to first byte", false, ""},
	{"socket_windowed", 1, "64 B there and back, 16 under way", true, ""},
	{"private_process", 1, "private memory of that process", false, ""},
	{"held_frame", 1, "a frame of 96 B that waits", false, ""},
	{"unlink_100k", 1, "100,000 elements taken out of a list", false, ""},
}
