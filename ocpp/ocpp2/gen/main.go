// Command gen writes the types of package ocpp2 from the JSON schemas of OCPP 2.0.1 and 2.1.
//
// It reads the folders v201 and v21 of a directory of schemas. A type is that of 2.1; what 2.0.1
// has otherwise is left to the type's Check. Names, limits and enumerations are taken over, and
// nothing that a schema says in words.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// environment names the variable that tells where the schemas are.
const environment = "GNISTA_OCPP_SCHEMAS"

func main() {
	schemas := flag.String("schemas", "", "directory with the folders v201 and v21 (default $"+environment+", or shared/ocpp/schemas beside the repository)")
	out := flag.String("out", ".", "the folder of package ocpp2")
	flag.Parse()
	dir := *schemas
	if dir == "" {
		dir = os.Getenv(environment)
	}
	if dir == "" {
		dir = filepath.Join(*out, "../../../shared/ocpp/schemas")
	}
	if _, err := os.Stat(dir); os.IsNotExist(err) && *schemas == "" {
		fmt.Printf("ocpp2: skipped: schemas not found in %s (set %s)\n", dir, environment)
		return
	}
	if err := run(dir, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, out string) error {
	files, err := generate(dir)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the files of the package by name.
func generate(dir string) (map[string][]byte, error) {
	old, err := load(filepath.Join(dir, "v201"))
	if err != nil {
		return nil, err
	}
	latest, err := load(filepath.Join(dir, "v21"))
	if err != nil {
		return nil, err
	}
	m, err := merge(old, latest)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, write := range map[string]func(*writer, *model){
		"enums_gen.go":    writeEnums,
		"types_gen.go":    writeTypes,
		"messages_gen.go": writeMessages,
		"actions_gen.go":  writeActions,
	} {
		var w writer
		write(&w, m)
		if files[name], err = w.source(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
