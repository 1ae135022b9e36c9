package ocpi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// unknown tells of properties that no version has, as of vendors.
func (in *importing) unknown(text []byte) {
	in.strange("", text, reflect.TypeFor[wireTariff]())
	var parts struct {
		Elements []struct {
			Components   []json.RawMessage `json:"price_components"`
			Restrictions json.RawMessage   `json:"restrictions"`
		} `json:"elements"`
	}
	if json.Unmarshal(text, &parts) != nil {
		return
	}
	for i, e := range parts.Elements {
		path := fmt.Sprintf("elements[%d].", i)
		for j, c := range e.Components {
			in.strange(fmt.Sprintf("%sprice_components[%d].", path, j), c, reflect.TypeFor[wireComponent]())
		}
		in.strange(path+"restrictions.", e.Restrictions, reflect.TypeFor[wireRestrictions]())
	}
}

// strange tells of the properties of an object that the type has not.
func (in *importing) strange(path string, text []byte, t reflect.Type) {
	var have map[string]json.RawMessage
	if json.Unmarshal(text, &have) != nil {
		return
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		delete(have, name)
	}
	names := make([]string, 0, len(have))
	for name := range have {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if string(have[name]) != "null" {
			in.lost.add(false, path+name, "is not known")
		}
	}
}
