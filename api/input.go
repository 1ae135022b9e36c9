package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
)

// wrong tells what is wrong with an input that no domain package knows of.
func wrong(location, message string, value any) error {
	return huma.Error422UnprocessableEntity(location+" "+message, &huma.ErrorDetail{Location: location, Message: message, Value: value})
}

// storable tells whether s is a text that both databases take.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// textual refuses paths and queries that are no text: nothing is called so, and PostgreSQL does not
// look for it.
func textual(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !storable(r.URL.Path) {
			problem(w, http.StatusNotFound, "there is nothing with such a path: it has the character U+0000 or is not valid UTF-8")
			return
		}
		if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || !storable(query) {
			problem(w, http.StatusUnprocessableEntity, "the query is not percent-encoded, has the character U+0000 or is not valid UTF-8")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkBody refuses a body with a text that cannot be stored.
func checkBody(in any) error {
	body := reflect.ValueOf(in).Elem().FieldByName("Body")
	if path, found := unstorable(body); found {
		return gnista.Invalidf(strings.TrimPrefix(path, "."), "has the character U+0000")
	}
	return nil
}

// unstorable finds a text within v that cannot be stored, and where it is.
func unstorable(v reflect.Value) (path string, found bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return unstorable(v.Elem())
	case reflect.String:
		return "", !storable(v.String())
	case reflect.Slice:
		for i := range v.Len() {
			if path, found := unstorable(v.Index(i)); found {
				return fmt.Sprintf("[%d]%s", i, path), true
			}
		}
	case reflect.Struct:
		for f, x := range v.Fields() {
			if !f.IsExported() {
				continue
			}
			if path, found := unstorable(x); found {
				if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
					path = "." + name + path
				}
				return path, true
			}
		}
	}
	return "", false
}

// kept makes a time of a request, if there is one, what is kept of it: UTC and milliseconds. In the
// store 1970 stands for no time, and no answer has room for a year of five digits.
func kept(field string, t *time.Time) error {
	if t == nil {
		return nil
	}
	*t = t.UTC().Truncate(time.Millisecond)
	if t.UnixMilli() <= 0 || t.Year() > 9999 {
		return gnista.Invalidf(field, "must be after 1970 and before 10000")
	}
	return nil
}

// unmarshalChange reads a body of which what is left out is not changed. What null would mean nobody
// can tell, so it is refused.
func unmarshalChange(text []byte, change any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	for name, v := range fields {
		if string(v) == "null" {
			return fmt.Errorf("%s is null; leave out what is not to change", name)
		}
	}
	return json.Unmarshal(text, change)
}
