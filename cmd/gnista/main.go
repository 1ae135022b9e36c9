// Command gnista is the whole of it in one binary: the central system for charging stations, and a
// simulator of stations to try it with.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // receipts need the zone where there is no system that knows it

	"github.com/alecthomas/kong"
)

// version is set when a release is built.
var version = "dev"

type commandLine struct {
	Config string `help:"JSON file with settings; names are those of the flags, as in {\"listen\": \":8080\"}." type:"existingfile" env:"GNISTA_CONFIG"`

	Serve     serve         `cmd:"" help:"Run the central system."`
	Bench     bench         `cmd:"" help:"Measure this machine."`
	Audit     audit         `cmd:"" help:"Make up all money anew from what meters said, and compare."`
	Backup    backup        `cmd:"" help:"Write an archive with all that the system knows; a server may run meanwhile."`
	Restore   restore       `cmd:"" help:"Restore an archive of gnista backup, or prove with --verify that it can be."`
	Doctor    doctor        `cmd:"" help:"Look whether this machine, its settings and its database are as they should be, and say what to do."`
	Support   supportBundle `cmd:"" name:"support-bundle" help:"Write a file for somebody who helps, with nothing personal in it."`
	Configure configure     `cmd:"" name:"config" help:"Print or check the settings."`
	Migrate   migrate       `cmd:"" help:"Bring the schema of a database up to date and end. Serve does so by itself."`
	Sim       simulate      `cmd:"" help:"Simulate charging stations and the drivers who use them."`
	Check     check         `cmd:"" help:"Wait for one station, check what it can do and what it does wrong, and print a report."`

	OpenAPI describe    `cmd:"" name:"openapi" help:"Print the description of the API (OpenAPI 3.1) and end."`
	Version showVersion `cmd:"" help:"Show the version and end; --version does it too."`
}

type showVersion struct{}

// Run shows the version.
func (showVersion) Run(o *output) error {
	_, err := fmt.Fprintln(o.out, version)
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once what takes its time to end
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		code := 1
		if e, ok := errors.AsType[*exit](err); ok {
			code = e.code
		}
		if err.Error() != "" {
			fmt.Fprintln(os.Stderr, "gnista:", err)
		}
		stop()
		os.Exit(code)
	}
}

// run runs a command line until it ends or ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var cli commandLine
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("gnista"), kong.Description("The central system for charging stations: OCPP 1.6J, 2.0.1 and 2.1."), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { exited = true }), kong.DefaultEnvars("GNISTA"))
	if err != nil {
		return err
	}
	if err := readConfig(parser, args); err != nil {
		return err
	}
	if len(args) == 1 && args[0] == "--version" { // no flag of all commands: sim has one of that name
		args = []string{"version"}
	}
	k, err := parser.Parse(args)
	if exited || err != nil {
		return err
	}
	k.BindTo(ctx, (*context.Context)(nil))
	return k.Run(&output{stdout, stderr})
}

// output is where a command writes.
type output struct{ out, err io.Writer }
