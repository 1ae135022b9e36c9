// Command gen writes docs/faults.md from the catalogue of faults.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"gnista/fault"
)

func main() {
	out := flag.String("out", "../docs/faults.md", "the file to write")
	flag.Parse()
	c, err := fault.LoadCatalogue()
	if err == nil {
		err = os.WriteFile(*out, []byte(document(c)), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func document(c *fault.Catalogue) string {
	var b strings.Builder
	b.WriteString(`# Faults

What faults mean, and what is to be done. This page is written from fault/catalogue/*.json by go generate. Each text is there in Swedish as well, and there is one for technicians:
` + "`GET /api/v1/fault-catalogue/{source}/{code}`" + ` has all of an entry.

* **Severity**: *critical*: people or goods are in danger, or a whole site does not work; *high*: an outlet cannot be used, or soon many; *medium*: it can be used with limits; *low*: somebody should look at it some day; *info*: nobody has to do anything.
* **Who** can put it right. **Usable**: a car may be charged there meanwhile. **Retry**: to try again is safe. **Remedy**: the ladder that fits.
* *Once*: it is told of when it happens, and nobody says that it is over. *No fault*: it is told of and nothing is wrong.
* What is in [[double brackets]] is left out where a fact in {braces} is not known.
* An entry that is *like* another has its texts where none are shown.

## How a code finds its entry

1. The vendor's id in the message, or else the maker that the station named at boot, says whose code it is. Ids and codes are compared without case, spaces and underscores. A station cannot speak for the sources that are no vendors: its codes are those of ` + "`vendor-gnista`" + ` and the like.
2. A code that the vendor has no entry for may be one that means the same everywhere (*free*), such as PowerLimitExceeded, ConnectorLockFailure or CX001.
3. A code that nobody knows keeps its key, and has the texts of the word of OCPP beside it, if there is one. It is counted and listed at ` + "`GET /api/v1/fault-catalogue/unknown`" + `, so that somebody adds it.
4. Codes that say that there is none (0, null, none, NoError and the like) are none.
5. A vendor's code that says that nothing is wrong does not hide a word of OCPP that names a fault.

## What operators say

` + "`PUT /api/v1/fault-catalogue/{source}/{code}`" + ` adds an entry or changes one: any of its attributes and texts, or like. What is left out stays. It holds at once, and survives updates of the program.
Texts are plain, of one paragraph and 800 characters at most; what does not fit is refused and the field is named. Who said what is in the history of the entry.

`)
	for _, s := range ordered(c.Sources()) {
		list := c.Entries(fault.EntryFilter{Source: s.ID}, fault.Key{}, 1000)
		fmt.Fprintf(&b, "## %s\n\nSource `%s`, %d entries.", s.Name, s.ID, len(list))
		if len(s.Vendors) > 0 {
			fmt.Fprintf(&b, " Vendors and makers: `%s`.", strings.Join(s.Vendors, "`, `"))
		}
		b.WriteString("\n\n| code | what | severity | who | usable | retry | remedy | drivers are told | operators are told |\n|---|---|---|---|---|---|---|---|---|\n")
		for _, e := range list {
			b.WriteString(line(c, e))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// ordered puts our own faults and the standards before the vendors.
func ordered(list []fault.Source) []fault.Source {
	first := []string{fault.Own, fault.OCPP16, fault.OCPP2, fault.MREC, fault.CharIN, fault.EVgo, fault.Stop, fault.RPC, fault.Security}
	place := func(s fault.Source) int {
		if i := slices.Index(first, s.ID); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(list, func(a, b fault.Source) int { return place(a) - place(b) })
	return list
}

func line(c *fault.Catalogue, e fault.Entry) string {
	t := e.Texts[fault.English]
	if e.Like != (fault.Key{}) {
		of := c.Find(e.Like, fault.Raw{}).Texts[fault.English]
		like := "*like " + e.Like.String() + "*"
		if t.Driver == of.Driver {
			t.Driver = like
		}
		if t.Operator == of.Operator {
			t.Operator = like
		}
	}
	for _, mark := range []struct {
		is   bool
		text string
	}{{e.Momentary, "once"}, {e.NoFault, "no fault"}, {e.Value != "", "when " + e.Value}} {
		if mark.is {
			t.Name += " (" + mark.text + ")"
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
		cell(e.Key.Code), cell(t.Name), e.Severity, e.Fixer, yes(e.Usable), yes(e.Retry), e.Remedy, cell(t.Driver), cell(t.Operator))
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "*.", `\*.`).Replace(s) }
