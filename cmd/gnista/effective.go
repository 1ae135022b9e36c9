package main

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"gnista/api"
)

// effective are the settings that are in force, without what is secret.
func effective(k *kong.Context) []api.ServerSetting {
	if k == nil {
		return nil
	}
	var untouched commandLine
	usual := map[string]string{}
	if parser, err := kong.New(&untouched, kong.Exit(func(int) {})); err == nil {
		if d, err := parser.Parse([]string{"serve"}); err == nil {
			for _, f := range d.Selected().Flags {
				usual[f.Name] = plainText(f.Target)
			}
		}
	}
	var list []api.ServerSetting
	for _, f := range k.Selected().Flags {
		x := api.ServerSetting{Name: f.Name, Help: f.Help, Value: plainText(f.Target), Default: usual[f.Name], Secret: confidential(f.Name)}
		x.Set = x.Value != x.Default
		if x.Secret {
			x.Value, x.Default = "", ""
		}
		list = append(list, x)
	}
	return list
}

// plainText is a value as it is written in a configuration, without what lets somebody in elsewhere.
func plainText(v reflect.Value) string {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case !v.IsValid() || v.Kind() == reflect.Pointer:
		return ""
	case v.Kind() == reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = plainText(v.Index(i))
		}
		return strings.Join(parts, ", ")
	}
	return withoutPassword(fmt.Sprint(v.Interface()))
}

// confidential tells whether a setting is a secret itself, and not where one is kept.
func confidential(name string) bool {
	if strings.HasSuffix(name, "-file") {
		return false
	}
	for _, word := range []string{"password", "secret", "token", "-key", "passphrase"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// withoutPassword is an address without what lets somebody in there.
func withoutPassword(text string) string {
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "password=") { // of PostgreSQL
			return "…"
		}
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "…"
	}
	q := u.Query()
	for name := range q {
		if confidential(name) {
			q.Set(name, "…")
			u.RawQuery = q.Encode()
		}
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}
