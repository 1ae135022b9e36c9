// Command gen writes the ladders into docs/remedies.md, in place of those that are there.
package main

import (
	"fmt"
	"os"
	"strings"

	"gnista/fault/remedy"
)

const (
	page = "../../docs/remedies.md"
	head = "<!-- The ladders below are written from fault/remedy/ladders.json by go generate. -->\n"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write() error {
	ladders, err := remedy.LoadLadders()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, _, found := strings.Cut(string(text), head)
	if !found {
		return fmt.Errorf("%s does not have the line %q", page, strings.TrimSpace(head))
	}
	var b strings.Builder
	b.WriteString(before + head)
	for _, l := range ladders {
		b.WriteString("\n" + remedy.Table(l))
	}
	return os.WriteFile(page, []byte(b.String()), 0o644)
}
