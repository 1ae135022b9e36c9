package token

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// column is one of a table of tokens.
type column struct {
	name string
	get  func(k *Token) string
	set  func(k *Token, text string) error
}

// columns are those of a table, in the order in which they are written. The words are those of the API.
var columns = []column{
	{"uid", func(k *Token) string { return k.ID.UID }, nil},
	{"type", func(k *Token) string { return string(k.ID.Type) }, nil},
	{"name", func(k *Token) string { return k.Name }, func(k *Token, s string) error { k.Name = s; return nil }},
	{"account", func(k *Token) string { return k.Account }, func(k *Token, s string) error { k.Account = s; return nil }},
	{"tariff", func(k *Token) string { return k.Tariff }, func(k *Token, s string) error { k.Tariff = s; return nil }},
	{"group", func(k *Token) string { return k.Group }, func(k *Token, s string) error { k.Group = s; return nil }},
	boolean("blocked", func(k *Token) *bool { return &k.Blocked }),
	{"blockReason", func(k *Token) string { return k.BlockReason }, func(k *Token, s string) error { k.BlockReason = s; return nil }},
	moment("validFrom", func(k *Token) *time.Time { return &k.ValidFrom }),
	moment("expiresAt", func(k *Token) *time.Time { return &k.ExpiresAt }),
	number("maxConcurrent", func(k *Token) *int { return &k.MaxConcurrent }),
	boolean("offline", func(k *Token) *bool { return &k.Offline }),
	boolean("master", func(k *Token) *bool { return &k.Master }),
	{"language", func(k *Token) string { return k.Language }, func(k *Token, s string) error { k.Language = s; return nil }},
	{"message", func(k *Token) string { return k.Message }, func(k *Token, s string) error { k.Message = s; return nil }},
	{"sites", func(k *Token) string { return strings.Join(k.Sites, " ") }, func(k *Token, s string) error {
		k.Sites = nil
		if words := strings.Fields(s); len(words) > 0 {
			k.Sites = words
		}
		return nil
	}},
	number("sessionsPerDay", func(k *Token) *int { return &k.Limits.DaySessions }),
	number("sessionsPerMonth", func(k *Token) *int { return &k.Limits.MonthSessions }),
	number("energyWhPerDay", func(k *Token) *int64 { return &k.Limits.DayWh }),
	number("energyWhPerMonth", func(k *Token) *int64 { return &k.Limits.MonthWh }),
	number("amountPerDay", func(k *Token) *int64 { return &k.Limits.DayAmount }),
	number("amountPerMonth", func(k *Token) *int64 { return &k.Limits.MonthAmount }),
	{"currency", func(k *Token) string { return k.Limits.Currency }, func(k *Token, s string) error { k.Limits.Currency = s; return nil }},
}

func boolean(name string, field func(*Token) *bool) column {
	return column{name, func(k *Token) string { return strconv.FormatBool(*field(k)) }, func(k *Token, s string) error {
		switch strings.ToLower(s) {
		case "true", "1":
			*field(k) = true
		case "false", "0", "":
			*field(k) = false
		default:
			return gnista.Invalidf(name, "%q is not true or false", s)
		}
		return nil
	}}
}

func moment(name string, field func(*Token) *time.Time) column {
	return column{name, func(k *Token) string {
		if field(k).IsZero() {
			return ""
		}
		return field(k).UTC().Format(time.RFC3339Nano)
	}, func(k *Token, s string) error {
		*field(k) = time.Time{}
		if s == "" {
			return nil
		}
		at, err := time.Parse(time.RFC3339, s)
		if err != nil || at.UnixMilli() <= 0 || at.Year() > 9999 {
			return gnista.Invalidf(name, "%q is not a time as in 2026-12-31T23:00:00Z", s)
		}
		*field(k) = at.UTC().Truncate(time.Millisecond)
		return nil
	}}
}

func number[T int | int64](name string, field func(*Token) *T) column {
	return column{name, func(k *Token) string { return strconv.FormatInt(int64(*field(k)), 10) }, func(k *Token, s string) error {
		if s == "" {
			*field(k) = 0
			return nil
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 || n > maxSum {
			return gnista.Invalidf(name, "%q is not a whole number of 0 or more", s)
		}
		*field(k) = T(n)
		return nil
	}}
}

// Line is what a line of a table would do, or has done.
type Line struct {
	Number  int    // in the text, from 1; the first is the header
	Token   string // the last characters of the UID
	Action  Action
	Changes []string // names of the columns that are changed
	Column  string   // that is wrong; empty when the line is
	Reason  string   // what is wrong
}

// Action is what a line does.
type Action string

// The actions.
const (
	Create  Action = "create"
	Change  Action = "change"
	Nothing Action = "nothing"
	Wrong   Action = "error"
)

// Import is what came of a table, or would.
type Import struct {
	Lines []Line
	Done  bool // what the lines say was done
	Count map[Action]int
}

// maxLines is how many tokens one table may have: all are stored at once.
const maxLines = 20_000

// Import takes in a table of tokens. With dryRun nothing is changed; without skip nothing is as long as one
// line is wrong. Columns that are left out change nothing. Invalid when it is no such table.
func (t *Tokens) Import(ctx context.Context, text []byte, dryRun, skip bool) (Import, error) {
	r, used, err := readHeader(text)
	if err != nil {
		return Import{}, err
	}
	out := Import{Lines: []Line{}, Count: map[Action]int{Create: 0, Change: 0, Nothing: 0, Wrong: 0}}
	var list []Token
	first := map[ID]int{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		number, _ := r.FieldPos(0)
		line := Line{Number: number}
		if len(out.Lines) == maxLines {
			return Import{}, gnista.Invalidf("", "the table has more than %d tokens; send it in parts", maxLines)
		}
		var k Token
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			line.Number, line.Action, line.Reason = bad.StartLine, Wrong, "is no line of a table: "+bad.Err.Error()
			if errors.Is(err, csv.ErrFieldCount) {
				line.Reason = "has " + strconv.Itoa(len(cells)) + " cells, and the header " + strconv.Itoa(len(used))
			}
		} else if err != nil {
			return Import{}, err
		} else if k, line, err = t.readLine(ctx, used, cells, line); err != nil {
			return Import{}, err
		}
		if line.Action != Wrong {
			id := ID{Key(k.ID.UID), k.ID.Type}
			if before, twice := first[id]; twice {
				line.Action, line.Column, line.Changes, line.Reason = Wrong, "uid", nil, "is the same as in line "+strconv.Itoa(before)
			}
			first[id] = line.Number
		}
		if line.Action == Create || line.Action == Change {
			list = append(list, k)
		}
		out.Lines = append(out.Lines, line)
		out.Count[line.Action]++
	}
	if dryRun || out.Count[Wrong] > 0 && !skip {
		return out, nil
	}
	out.Done = true
	if len(list) == 0 {
		return out, nil
	}
	return out, t.Store.SaveTokens(ctx, list)
}

// readHeader finds the columns of a table. Those with a semicolon between are taken as well, as some
// spreadsheets write them.
func readHeader(text []byte) (*csv.Reader, []column, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if !utf8.Valid(text) {
		return nil, nil, gnista.Invalidf("", "the table is not UTF-8; save it with that encoding")
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, nil, gnista.Invalidf("", "the table has the character U+0000")
	}
	header, _, _ := bytes.Cut(text, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	if bytes.Count(header, []byte(";")) > bytes.Count(header, []byte(",")) {
		r.Comma = ';'
	}
	names, err := r.Read()
	if err != nil {
		return nil, nil, gnista.Invalidf("", "the table has no header; its first line names the columns, at least uid")
	}
	var used []column
	for _, name := range names {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(columns, func(c column) bool { return strings.EqualFold(c.name, name) })
		if i < 0 {
			return nil, nil, gnista.Invalidf("", "there is no column %q; the columns are %s", name, columnNames())
		}
		if slices.ContainsFunc(used, func(c column) bool { return c.name == columns[i].name }) {
			return nil, nil, gnista.Invalidf("", "the column %s is there twice", columns[i].name)
		}
		used = append(used, columns[i])
	}
	if !slices.ContainsFunc(used, func(c column) bool { return c.name == "uid" }) {
		return nil, nil, gnista.Invalidf("", "the table has no column uid")
	}
	return r, used, nil
}

func columnNames() string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// readLine makes a token of a line, and tells what that does. Errors are internal.
func (t *Tokens) readLine(ctx context.Context, used []column, cells []string, line Line) (Token, Line, error) {
	id := ID{Type: ISO14443}
	for i, c := range used {
		cells[i] = unguarded(strings.TrimSpace(cells[i]))
		switch {
		case c.name == "uid":
			id.UID = cells[i]
		case c.name == "type" && cells[i] != "":
			id.Type = Type(cells[i])
		}
	}
	line.Token, line.Action = Mask(Key(id.UID)), Wrong
	was, err := t.Store.Token(ctx, id)
	known := err == nil
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return Token{}, line, err
	}
	k := was
	if !known {
		k = Token{ID: id, CreatedAt: t.Now()}
	}
	k.Sites = slices.Clone(k.Sites)
	fail := func(err error) (Token, Line, error) {
		e, ok := errors.AsType[*gnista.Error](err)
		if !ok {
			return Token{}, line, err
		}
		line.Column, line.Reason = strings.TrimPrefix(e.Field, "limits."), e.Detail()
		return Token{}, line, nil
	}
	for i, c := range used {
		if c.set == nil {
			continue
		}
		if err := c.set(&k, cells[i]); err != nil {
			return fail(err)
		}
	}
	if !k.Blocked && !slices.ContainsFunc(used, func(c column) bool { return c.name == "blockReason" }) {
		k.BlockReason = ""
	}
	if err := k.check(); err != nil {
		return fail(err)
	}
	if err := t.Store.CheckToken(ctx, k); err != nil {
		return fail(err)
	}
	if !known {
		line.Action = Create
		k.UpdatedAt = k.CreatedAt
		return k, line, nil
	}
	for _, c := range columns {
		if c.get(&k) != c.get(&was) {
			line.Changes = append(line.Changes, c.name)
		}
	}
	line.Action = Nothing
	if len(line.Changes) > 0 {
		line.Action, k.UpdatedAt = Change, t.Now()
	}
	return k, line, nil
}

// Export writes all tokens as a table that [Tokens.Import] takes.
func (t *Tokens) Export(ctx context.Context, to io.Writer) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.Write(strings.Split(columnNames(), ", ")); err != nil {
		return err
	}
	for after := ""; ; {
		list, next, err := t.Store.Tokens(ctx, Filter{After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, k := range list {
			cells := make([]string, len(columns))
			for i, c := range columns {
				cells[i] = guarded(c.get(&k))
			}
			if err := w.Write(cells); err != nil {
				return err
			}
		}
		if after = next; next == "" {
			w.Flush()
			return w.Error()
		}
	}
}

// formulas are what a cell begins with that a spreadsheet would work out.
const formulas = "=+-@\t\r\n"

// guarded is a text that no spreadsheet takes for a formula.
func guarded(s string) string {
	if s != "" && (strings.ContainsRune(formulas, rune(s[0])) || s[0] == '\'') {
		return "'" + s
	}
	return s
}

// unguarded is what was guarded.
func unguarded(s string) string {
	if len(s) > 1 && s[0] == '\'' && (strings.ContainsRune(formulas, rune(s[1])) || s[1] == '\'') {
		return s[1:]
	}
	return s
}
