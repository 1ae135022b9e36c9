package nats

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"gnista"
)

// Codec writes the orders of the domain, which are plain values, and reads them on another node.
type Codec struct{ by map[string]reflect.Type }

// NewCodec makes a codec of orders of these types.
func NewCodec(orders []reflect.Type) *Codec {
	c := &Codec{by: make(map[string]reflect.Type, len(orders))}
	for _, t := range orders {
		c.by[t.String()] = t
	}
	return c
}

// order reads one. Unsupported when this version of the program has none of that kind.
func (c *Codec) order(kind string, data json.RawMessage) (any, error) {
	t, ok := c.by[kind]
	if !ok {
		return nil, gnista.Errorf(gnista.Unsupported, "the node that holds the station does not know how to do that; it runs another version")
	}
	v := reflect.New(t)
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("reading an order of another node: %w", err)
	}
	return v.Elem().Interface(), nil
}

// write writes an order.
func (c *Codec) write(order any) (kind string, data json.RawMessage, err error) {
	t := reflect.TypeOf(order)
	if c.by[t.String()] != t {
		return "", nil, gnista.Errorf(gnista.Unsupported, "there is no way to say this to a station")
	}
	data, err = json.Marshal(order)
	return t.String(), data, err
}

// answer reads what a station answered to an order: a value of the type that the order says.
func (c *Codec) answer(order any, data json.RawMessage) (any, error) {
	m := reflect.ValueOf(order).MethodByName("Answers") // see [station.Order]
	if !m.IsValid() {
		return nil, fmt.Errorf("%T is no order", order)
	}
	v := reflect.New(m.Type().Out(0))
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("reading the answer of another node: %w", err)
	}
	return v.Elem().Interface(), nil
}

// said is an answer, or an error, as it is written.
func said(v any, err error) reply {
	var r reply
	if err != nil {
		r.Code, r.Text = gnista.CodeOf(err), err.Error()
		if e, ok := errors.AsType[*gnista.Error](err); ok {
			r.Field, r.Text = e.Field, e.Detail()
		}
	}
	if v != nil {
		data, bad := json.Marshal(v)
		if bad != nil && err == nil {
			return reply{Code: gnista.Internal, Text: bad.Error()}
		}
		r.Data = data
	}
	return r
}

// heard reads what [said] wrote.
func heard(data []byte) (json.RawMessage, error) {
	var r reply
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("reading what another node says: %w", err)
	}
	switch {
	case r.Code == "":
		return r.Data, nil
	case r.Code == gnista.Internal:
		return r.Data, errors.New(r.Text)
	case r.Field != "":
		err := gnista.Invalidf(r.Field, "%s", r.Text)
		if e, ok := errors.AsType[*gnista.Error](err); ok {
			e.Code = r.Code
		}
		return r.Data, err
	}
	return r.Data, gnista.Errorf(r.Code, "%s", r.Text)
}

// Carry is an order and the answer to it as another node reads them.
func (c *Codec) Carry(order, answer any) (o, a any, err error) {
	kind, data, err := c.write(order)
	if err != nil {
		return nil, nil, err
	}
	if o, err = c.order(kind, data); err != nil {
		return nil, nil, err
	}
	if data, err = json.Marshal(answer); err != nil {
		return nil, nil, err
	}
	a, err = c.answer(o, data)
	return o, a, err
}
