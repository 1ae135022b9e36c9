package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// readConfig lets settings come from the file that the command line or the environment names. Flags
// weigh more than the environment, and that more than the file.
func readConfig(parser *kong.Kong, args []string) error {
	path := os.Getenv("GNISTA_CONFIG")
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			path = v
		} else if a == "--config" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	settings := map[string]any{}
	if err := json.Unmarshal(text, &settings); err != nil {
		return fmt.Errorf("the configuration %s is not a JSON object: %w", path, err)
	}
	known := map[string]bool{}
	for _, node := range parser.Model.Leaves(false) {
		for _, group := range node.AllFlags(true) {
			for _, f := range group {
				known[f.Name] = true
			}
		}
	}
	for name := range settings {
		if !known[name] {
			return fmt.Errorf("the configuration %s has %q, which is no setting", path, name)
		}
	}
	return kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		for _, name := range f.Envs {
			if _, ok := os.LookupEnv(name); ok {
				return nil, nil
			}
		}
		return settings[f.Name], nil
	})).Apply(parser)
}
