package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"gnista/api"
)

// configure is the command config.
type configure struct {
	Print configPrint `cmd:"" help:"Print the settings that gnista serve would have, and where each comes from; what is secret is not shown."`
	Check configCheck `cmd:"" help:"Check the settings that gnista serve would have, and start nothing."`
}

// sourced is a setting, and where it comes from: default, file, environment or flag.
type sourced struct {
	api.ServerSetting
	Source string `json:"source"`
}

// settings are those of a command that has the flags of serve. The names of others are left out.
func settings(k *kong.Context, without ...string) []sourced {
	from := map[string]string{}
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		from[p.Flag.Name] = "flag"
		if p.Resolved {
			from[p.Flag.Name] = "file"
		}
	}
	envs := map[string][]string{}
	for _, f := range k.Selected().Flags {
		envs[f.Name] = f.Envs
	}
	var list []sourced
	for _, x := range effective(k) {
		if slices.Contains(without, x.Name) {
			continue
		}
		s := sourced{x, from[x.Name]}
		if s.Source == "" {
			s.Source = "default"
			for _, name := range envs[x.Name] {
				if _, ok := os.LookupEnv(name); ok {
					s.Source = "environment"
				}
			}
		}
		list = append(list, s)
	}
	return list
}

// configPrint is the command config print.
type configPrint struct {
	serve
	All  bool `help:"Print those too that have their defaults."`
	JSON bool `help:"Print JSON."`
}

// Run prints the settings.
func (c *configPrint) Run(k *kong.Context, o *output) error {
	list := settings(k, "all", "json")
	if !c.All {
		list = slices.DeleteFunc(list, func(s sourced) bool { return s.Source == "default" })
	}
	if c.JSON {
		if list == nil {
			list = []sourced{}
		}
		e := json.NewEncoder(o.out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(o.out, "All settings have their defaults; --all prints them.")
	}
	return printSettings(o.out, list)
}

func printSettings(w io.Writer, list []sourced) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range list {
		value := s.Value
		if s.Secret {
			value = "(secret)"
			if !s.Set {
				value = ""
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Name, value, s.Source)
	}
	return t.Flush()
}

// configCheck is the command config check.
type configCheck struct{ serve }

// Run checks what can be checked without a database.
func (c *configCheck) Run(o *output) error {
	if err := c.sound(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(o.out, "The settings are good.")
	return err
}

// sound tells what is wrong with the settings. It makes no folder, as serving would.
func (s *serve) sound() error {
	copied := *s
	if copied.database.Database == "" {
		copied.database.Database = "sqlite:gnista.db"
	}
	for name, address := range map[string]string{"listen": s.Listen, "admin-listen": s.AdminListen, "tls-listen": s.TLSListen, "mtls-listen": s.MTLSListen} {
		if _, _, err := net.SplitHostPort(address); address != "" && err != nil {
			return fmt.Errorf("--%s: %q is not an address as in 127.0.0.1:8080 or :8080", name, address)
		}
	}
	if s.StopDelay < 0 {
		return errors.New("--stop-delay is negative")
	}
	_, err := copied.options(slog.New(slog.DiscardHandler))
	return err
}
