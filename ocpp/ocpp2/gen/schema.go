package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// schema is as much of JSON schema as OCPP uses. A keyword that is not here is an error.
type schema struct {
	Ref         string             `json:"$ref"`
	Type        string             `json:"type"`
	Enum        []string           `json:"enum"`
	Format      string             `json:"format"`
	MaxLength   *int               `json:"maxLength"`
	Minimum     *float64           `json:"minimum"`
	Maximum     *float64           `json:"maximum"`
	Items       *schema            `json:"items"`
	MinItems    int                `json:"minItems"`
	MaxItems    int                `json:"maxItems"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Definitions map[string]*schema `json:"definitions"`

	Aside
}

// Aside are the keywords that do not matter to Go.
type Aside struct {
	Schema               any `json:"$schema"`
	ID                   any `json:"$id"`
	Comment              any `json:"comment"`
	Description          any `json:"description"`
	JavaType             any `json:"javaType"`
	Default              any `json:"default"`
	AdditionalProperties any `json:"additionalProperties"`
	AdditionalItems      any `json:"additionalItems"`
}

// target is the name of the definition that s refers to.
func (s *schema) target() string { return strings.TrimPrefix(s.Ref, "#/definitions/") }

// spec is one version: its datatypes and messages by name.
type spec struct {
	types    map[string]*schema
	messages map[string]*schema
}

func load(dir string) (*spec, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no schemas in %s", dir)
	}
	v := &spec{types: map[string]*schema{}, messages: map[string]*schema{}}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		s := &schema{}
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(s); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for name, def := range s.Definitions {
			def.forget()
			if known := v.types[name]; known != nil && !reflect.DeepEqual(known, def) {
				return nil, fmt.Errorf("%s: %s differs from that of other messages", path, name)
			}
			v.types[name] = def
		}
		s.Definitions = nil
		s.forget()
		v.messages[strings.TrimSuffix(filepath.Base(path), ".json")] = s
	}
	return v, nil
}

// forget drops what does not matter, so that schemas can be compared.
func (s *schema) forget() {
	s.Aside = Aside{}
	for _, p := range s.Properties {
		p.forget()
	}
	if s.Items != nil {
		s.Items.forget()
	}
}
