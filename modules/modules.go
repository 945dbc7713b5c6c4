// Package modules lists what scripts of both languages can require. Each module is a folder here, written once with
// lang.Module, and takes no package state: All makes new ones.
package modules

import (
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/modules/fs"
	"github.com/mojukapu/mirai/modules/json"
	"github.com/mojukapu/mirai/modules/process"
	"github.com/mojukapu/mirai/modules/random"
)

// All gives the modules as a daemon has them: no arguments, and process.exit ends the process.
func All() []lang.Module { return With(process.Config{Daemon: true}) }

// With gives the modules with the module process made as p says.
func With(p process.Config) []lang.Module {
	return []lang.Module{process.Module(p), fs.Module(), json.Module(), random.Module()}
}
