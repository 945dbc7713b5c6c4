//go:build race

package mirai_test

const raceEnabled = true
